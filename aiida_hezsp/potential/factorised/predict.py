"""Energies, forces, stresses and moments from the factorised CHGNet."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from aiida_hezsp.potential.factorised.batch import Batch
from aiida_hezsp.potential.factorised.network import site_energies
from aiida_hezsp.potential.factorised.weights import Weights

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ("Prediction", "predict_batch")


@dataclass(frozen=True, eq=False)
class Prediction:
    """Of B structures with n atoms: total `energies` (B,) eV; `forces` (n, 3) eV/A and `stresses` (B, 3, 3) eV/A^3,
    float64; `magmoms` (n,) mu_B; None where not computed.
    """  # noqa: D205 - one sentence

    energies: "Tensor"
    forces: "Tensor | None"
    stresses: "Tensor | None"
    magmoms: "Tensor | None"


def predict_batch(
    weights: Weights, batch: Batch, *, forces: bool, stress: bool, magmoms: bool, training: bool
) -> Prediction:
    """Return predictions by one forward and at most one backward pass.

    With g_u the derivative of the energy by bond vector v_u (from neighbour to centre), forces are sums of -g at
    centres and +g at neighbours, and the stress is sum_u v_u g_u^T / V: one derivative serves both.

    Args:
        weights: of the model.
        batch: of graphs.
        forces: whether forces are wanted; likewise stress, magmoms.
        training: whether the results can be differentiated by the weights.
    """
    vectors = batch.vectors
    if forces or stress:
        vectors = vectors.clone().requires_grad_()
    with torch.set_grad_enabled(training or forces or stress):
        sites, magnetic = site_energies(weights, batch, vectors)
        energies = _by_structure(sites.double(), batch) + _references(weights, batch)
        moments = weights.model.site_wise(magnetic).abs().squeeze(1) if magmoms else None
    slope = None
    if forces or stress:
        (slope,) = torch.autograd.grad(energies.sum(), vectors, create_graph=training)
    return Prediction(
        energies=energies if training else energies.detach(),
        forces=_forces(slope, batch) if forces and slope is not None else None,
        stresses=_stresses(slope, vectors if training else vectors.detach(), batch)
        if stress and slope is not None
        else None,
        magmoms=moments if moments is None or training else moments.detach(),
    )


def _by_structure(values: "Tensor", batch: Batch) -> "Tensor":
    """Return sums of atoms' values (n,) by structure (B,)."""
    return values.new_zeros(len(batch.n_atoms)).index_add(0, batch.atom_owners, values)


def _references(weights: Weights, batch: Batch) -> "Tensor":
    """Return the composition references (B,) in eV."""
    model = weights.model.composition_model
    if model is None:
        return torch.zeros(len(batch.n_atoms), dtype=torch.float64, device=batch.vectors.device)
    return _by_structure(model.fc.weight[0].double()[batch.numbers - 1], batch)


def _forces(slope: "Tensor", batch: Batch) -> "Tensor":
    """Return forces (n, 3) from derivatives by bond vectors (U, 3)."""
    zero = slope.new_zeros(len(batch.numbers), 3)
    return zero.index_add(0, batch.neighbors, slope).index_add(0, batch.centers, -slope)


def _stresses(slope: "Tensor", vectors: "Tensor", batch: Batch) -> "Tensor":
    """Return stresses (B, 3, 3) from derivatives by bond vectors (U, 3)."""
    outer = vectors[:, :, None] * slope[:, None, :]
    total = slope.new_zeros(len(batch.n_atoms), 3, 3).index_add(0, batch.bond_owners, outer)
    return total / batch.volumes[:, None, None]
