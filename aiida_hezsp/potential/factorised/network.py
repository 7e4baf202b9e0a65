"""CHGNet (Deng et al., Nat. Mach. Intell. 5, 1031 (2023)) with every product made once per atom, bond or angle.

The stock forward pass concatenates the features of two atoms and a bond for every directed edge, and of two bonds, an
angle and an atom for every ordered angle, and multiplies the long rows. A linear layer of a concatenation is a sum of
linear layers: here each input is multiplied where it lives, and rows are only added. Features of a bond that is too
long for angles never change, so that its part is one product of its radial basis. The last update of the angles, which
nothing reads, is left out. Lengths, angles and phases are computed in float64; nothing else differs but rounding.
"""

import math
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from aiida_hezsp.potential.factorised.batch import Batch
from aiida_hezsp.potential.factorised.gated import gated
from aiida_hezsp.potential.factorised.sparse_sum import sparse_sum
from aiida_hezsp.potential.factorised.weights import GatedUnit, Weights

if TYPE_CHECKING:
    from chgnet.model.basis import RadialBessel
    from torch import Tensor

__all__ = ("site_energies",)


def site_energies(weights: Weights, batch: Batch, vectors: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return the energy of every atom (n,) in eV, without composition reference, and the atoms' features (n, a) that
    magnetic moments are read from.

    Args:
        weights: of the model.
        batch: of graphs.
        vectors: (U, 3) float64, A; the batch's own, or a copy that is differentiated by.
    """  # noqa: D205 - one sentence
    model = weights.model
    lengths = vectors.norm(dim=1)
    bonds, short_bonds = _bond_bases(weights, batch, lengths)
    angles = _angle_basis(weights, batch, vectors, lengths)
    edge_weights = model.bond_weights_ag(bonds)
    bond_weights = model.bond_weights_bg(short_bonds)
    second_weights = sparse_sum(bond_weights, batch.second_bond)
    state = _State(weights, batch, bonds, angles)
    last = model.n_conv - 1
    for layer in range(last):
        state.update_atoms(layer, edge_weights)
        if len(batch.signs):
            state.update_bonds(layer, bond_weights, second_weights)
        if len(batch.signs) and layer < last - 1:
            state.update_angles(layer)
    magnetic = state.atoms
    state.update_atoms(last, edge_weights)
    features = state.atoms if model.readout_norm is None else model.readout_norm(state.atoms)
    return model.mlp(features).squeeze(1), magnetic


class _State:
    """Features as they change from layer to layer.

    `atoms` (n, a); `short` (S, b), of short bonds at first, and `changed` (S, b), their change; `turned` (2P, g), the
    change of ordered angles; `lift` (b,), what 0.2.0, whose layers after sums have a bias, adds to all bonds of a
    structure that has an angle.
    """

    def __init__(self, weights: Weights, batch: Batch, bonds: "Tensor", angles: "Tensor") -> None:
        self.weights, self.batch = weights, batch
        self.bond_basis, self.angle_basis = bonds, angles
        model = weights.model
        self.atoms: Tensor = model.atom_embedding.embedding(batch.numbers - 1)
        self.short = functional.linear(bonds[: batch.n_short], model.bond_embedding.weight)
        self.changed: Tensor | None = None
        self.turned: Tensor | None = None
        self.lift: Tensor | None = None

    def update_atoms(self, layer: int, edge_weights: "Tensor") -> None:
        """Send messages along all directed edges (chgnet's AtomConv)."""
        unit, batch = self.weights.atoms[layer], self.batch
        start, bond, end = unit.parts
        tables = [self.atoms @ start + unit.bias, self.atoms @ end]
        change = torch.zeros_like(self.short) if self.changed is None else self.changed
        tables.append(change @ bond)
        rows = sparse_sum(torch.cat(tables), batch.messages)
        n_bonds = len(batch.centers)
        product = self.bond_basis @ unit.basis
        if self.lift is not None:
            product = product + batch.has_angles[batch.bond_owners, None] * (self.lift @ bond)
        rows = rows.view(2, n_bonds, product.shape[1]) + product  # both directions share what the bond alone gives
        messages = gated(unit, rows.flatten(0, 1)).view(2, n_bonds, edge_weights.shape[1]) * edge_weights
        summed = sparse_sum(messages.flatten(0, 1), batch.to_atoms)
        self.atoms = self.atoms + unit.out(summed)

    def update_bonds(self, layer: int, bond_weights: "Tensor", second_weights: "Tensor") -> None:
        """Update the short bonds from their angles (chgnet's BondConv)."""
        unit = self.weights.bonds[layer]
        messages = gated(unit, self._angle_rows(unit)) * second_weights
        summed = sparse_sum(messages, self.batch.to_bonds) * bond_weights
        change = functional.linear(summed, unit.out.weight)
        self.changed = change if self.changed is None else self.changed + change
        if unit.out.bias is not None:
            self.lift = unit.out.bias if self.lift is None else self.lift + unit.out.bias

    def update_angles(self, layer: int) -> None:
        """Update the ordered angles (chgnet's AngleUpdate)."""
        unit = self.weights.angles[layer]
        change = gated(unit, self._angle_rows(unit))
        self.turned = change if self.turned is None else self.turned + change

    def _angle_rows(self, unit: GatedUnit) -> "Tensor":
        """Return the first layer of a unit over ordered angles, (2P, 2 hidden)."""
        first, second, angle, atom = unit.parts
        short = self.short if self.changed is None else self.short + self.changed
        short = short if self.lift is None else short + self.lift
        tables = [short @ first, short @ second, self.atoms @ atom + unit.bias, self.angle_basis @ unit.basis]
        rows = sparse_sum(torch.cat(tables), self.batch.angles)
        return rows if self.turned is None else rows + self.turned @ angle


def _bond_bases(weights: Weights, batch: Batch, lengths: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return the radial bases of all bonds (U, k) and, with the shorter cutoff, of the short ones (S, k)."""
    encoder = weights.model.bond_basis_expansion
    every = _radial(encoder.rbf_expansion_ag, lengths)
    return every, _radial(encoder.rbf_expansion_bg, lengths[: batch.n_short])


def _radial(basis: "RadialBessel", lengths: "Tensor") -> "Tensor":
    """Return sqrt(2/c) sin(f_k r/c) / r times the polynomial envelope, (rows, k), from float64 lengths.

    The phases f_k r/c reach 31 pi: rounded to float32 they alone would be as wrong as everything else together, so that
    whole turns are taken away first.
    """
    dtype = basis.frequencies.dtype
    phases = basis.frequencies.double() * (lengths * basis.inv_cutoff)[:, None]
    phases = phases - 2 * math.pi * torch.round(phases.detach() / (2 * math.pi))
    envelope = 1.0 if basis.smooth_cutoff is None else basis.smooth_cutoff(lengths)
    result: Tensor = torch.sin(phases.to(dtype)) * (basis.norm_const * envelope / lengths).to(dtype)[:, None]
    return result


def _angle_basis(weights: Weights, batch: Batch, vectors: "Tensor", lengths: "Tensor") -> "Tensor":
    """Return the Fourier basis of all unordered angles (P, k)."""
    i, j = batch.pairs
    cosine = batch.signs * (vectors[i] * vectors[j]).sum(dim=1) / (lengths[i] * lengths[j])
    angle = torch.acos(cosine * (1 - 1e-6))[:, None].to(weights.model.bond_embedding.weight.dtype)
    waves = angle * weights.model.angle_basis_expansion.fourier_expansion.frequencies
    constant = torch.full_like(angle, 1 / math.sqrt(2))
    return torch.cat([constant, torch.sin(waves), torch.cos(waves)], dim=1) / math.sqrt(math.pi)
