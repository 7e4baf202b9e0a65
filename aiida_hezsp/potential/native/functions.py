"""Functions of one number, a length or an angle, sampled for the kernel.

What a bond's length or an angle gives to a layer is a matrix times a basis: functions of one number, which the kernel
interpolates by quintic Hermite polynomials instead of multiplying. With the spacings below the error is beneath the
rounding of float32, and the derivative is that of the interpolation itself, so that forces belong to the energy.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ("Basis", "angular_basis", "radial_basis", "sample")

Floats = NDArray[np.float64]
Basis = tuple[Floats, Floats, Floats]
"""Values of k functions at some points and their first and second derivatives, each (points, k)."""


def radial_basis(frequencies: Floats, cutoff: float, exponent: int) -> Callable[[Floats], Basis]:
    """Return chgnet's radial Bessel functions, sqrt(2/c) sin(f r/c) / r, under their polynomial envelope.

    Args:
        frequencies: (k,) f.
        cutoff: c, A.
        exponent: of the envelope, 0 for none.
    """

    def basis(lengths: Floats) -> Basis:
        envelope = _envelope(lengths / cutoff, exponent)
        bessel = _bessel(frequencies / cutoff, lengths)
        e0, e1, e2 = (part[:, None] / cutoff**order for order, part in enumerate(envelope))
        b0, b1, b2 = (math.sqrt(2 / cutoff) * part for part in bessel)
        return b0 * e0, b1 * e0 + b0 * e1, b2 * e0 + 2 * b1 * e1 + b0 * e2

    return basis


def angular_basis(frequencies: Floats) -> Callable[[Floats], Basis]:
    """Return chgnet's Fourier functions of an angle: 1/sqrt(2), sines, cosines, over sqrt(pi)."""

    def basis(angles: Floats) -> Basis:
        phases = angles[:, None] * frequencies
        constant = np.full((len(angles), 1), 1 / math.sqrt(2))
        sine, cosine, zero = np.sin(phases), np.cos(phases), np.zeros_like(constant)
        parts = (
            (constant, sine, cosine),
            (zero, frequencies * cosine, -frequencies * sine),
            (zero, -(frequencies**2) * sine, -(frequencies**2) * cosine),
        )
        value, slope, curvature = (np.concatenate(part, axis=1) / math.sqrt(math.pi) for part in parts)
        return value, slope, curvature

    return basis


def sample(basis: Basis, matrix: Floats, spacing: float) -> NDArray[np.float32]:
    """Return the table (knots, 4, outputs) of a basis times a matrix (k, outputs).

    Its rows are the value, the step to the next knot (so that the derivative loses no digits to a difference of
    rounded values), the spacing times the slope and the spacing squared times the curvature.
    """
    value, slope, curvature = (part @ matrix for part in basis)
    step = np.zeros_like(value)
    step[:-1] = value[1:] - value[:-1]
    table = np.stack([value, step, spacing * slope, spacing**2 * curvature], axis=1)
    return np.ascontiguousarray(table, dtype=np.float32)


def _bessel(wave_numbers: Floats, lengths: Floats) -> Basis:
    """Return sin(q r) / r and its derivatives, q = f/c, by their series where r is small."""
    x = lengths[:, None] * wave_numbers
    with np.errstate(divide="ignore", invalid="ignore"):
        sine, cosine = np.sin(x), np.cos(x)
        r = lengths[:, None]
        value = sine / r
        slope = (x * cosine - sine) / r**2
        curvature = (-(x**2) * sine - 2 * x * cosine + 2 * sine) / r**3
    near = np.abs(x) < 0.05  # noqa: PLR2004 - where three terms of the series are exact and the quotients are not
    q = np.broadcast_to(wave_numbers, x.shape)
    series = (
        q * (1 - x**2 / 6 + x**4 / 120),
        q**2 * (-x / 3 + x**3 / 30 - x**5 / 840),
        q**3 * (-1 / 3 + x**2 / 10 - x**4 / 168),
    )
    first, second, third = (
        np.where(near, by_series, exact) for by_series, exact in zip(series, (value, slope, curvature), strict=True)
    )
    return first, second, third


def _envelope(x: Floats, p: int) -> Basis:
    """Return 1 + a x^p + b x^(p+1) + c x^(p+2), zero from 1 on, and its derivatives."""
    if p == 0:
        return np.ones_like(x), np.zeros_like(x), np.zeros_like(x)
    polynomial = np.zeros(p + 3)
    polynomial[[0, p, p + 1, p + 2]] = 1, -(p + 1) * (p + 2) / 2, p * (p + 2), -p * (p + 1) / 2
    value, slope, curvature = (
        np.where(x < 1, np.polynomial.polynomial.polyval(x, np.polynomial.polynomial.polyder(polynomial, order)), 0.0)
        for order in range(3)
    )
    return value, slope, curvature
