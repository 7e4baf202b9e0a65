"""Samples of the bases against chgnet's own modules in float64."""

import math

import numpy as np
import pytest
import torch
from chgnet.model.basis import Fourier, RadialBessel

from aiida_hezsp.potential.native.functions import angular_basis, radial_basis, sample


def derivatives(module, points):
    """Return value, slope and curvature of a module of one number by automatic differentiation."""
    x = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    values = module.double()(x)
    results = [[], [], []]
    for column in range(values.shape[1]):
        (slope,) = torch.autograd.grad(values[:, column].sum(), x, create_graph=True)
        curvature = torch.zeros_like(x)
        if slope.requires_grad:
            (curvature,) = torch.autograd.grad(slope.sum(), x, create_graph=True, allow_unused=True)
        for part, value in zip(results, (values[:, column], slope, curvature), strict=True):
            part.append(value.detach().numpy())
    return [np.array(part).T for part in results]


@pytest.mark.parametrize(("cutoff", "exponent"), [(6.0, 8), (5.0, 5), (3.0, 0)])
def test_radial_basis_and_its_derivatives(cutoff, exponent):
    module = RadialBessel(num_radial=9, cutoff=cutoff, learnable=True, smooth_cutoff=exponent)
    points = np.linspace(0.01, cutoff * 0.999, 57)
    frequencies = module.frequencies.detach().double().numpy()
    expected = derivatives(module, points)
    found = radial_basis(frequencies, cutoff, exponent)(points)
    for order, tolerance in enumerate((1e-6, 1e-6, 1e-5)):  # chgnet's own constant is float32
        np.testing.assert_allclose(found[order], expected[order], rtol=tolerance, atol=tolerance)


def test_radial_basis_at_zero_is_its_limit():
    frequencies = np.pi * np.arange(1, 4)
    value, slope, _ = radial_basis(frequencies, 6.0, 8)(np.array([0.0, 1e-7]))
    np.testing.assert_allclose(value[0], math.sqrt(2 / 6) * frequencies / 6, rtol=1e-12)
    np.testing.assert_allclose(value[1], value[0], rtol=1e-9)
    np.testing.assert_allclose(slope[0], 0, atol=1e-12)


def test_angular_basis_and_its_derivatives():
    module = Fourier(order=5, learnable=True)
    points = np.linspace(0.05, 3.1, 41)
    expected = derivatives(module, points)
    found = angular_basis(np.arange(1.0, 6.0))(points)
    for order in range(3):
        np.testing.assert_allclose(found[order], expected[order], atol=1e-6)


def test_samples_hold_value_step_slope_and_curvature():
    knots, spacing = np.linspace(0, math.pi, 101), math.pi / 100
    table = sample(angular_basis(np.array([1.0]))(knots), np.eye(3), spacing)
    assert table.shape == (101, 4, 3)
    np.testing.assert_allclose(table[:, 0, 1], np.sin(knots) / math.sqrt(math.pi), atol=1e-7)
    np.testing.assert_allclose(table[:-1, 1, 1], np.diff(np.sin(knots)) / math.sqrt(math.pi), rtol=1e-6)
    np.testing.assert_allclose(table[:, 2, 1] / spacing, np.cos(knots) / math.sqrt(math.pi), atol=1e-6)
    np.testing.assert_allclose(table[:, 3, 1] / spacing**2, -np.sin(knots) / math.sqrt(math.pi), atol=1e-6)
