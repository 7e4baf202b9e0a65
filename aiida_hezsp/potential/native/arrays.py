"""The weights of a CHGNet as the kernel reads them: arrays by name, worked out in float64, stored in float32."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.errors import ModelFileError
from aiida_hezsp.potential.factorised.weights import check_architecture
from aiida_hezsp.potential.native.functions import Basis, angular_basis, radial_basis, sample

if TYPE_CHECKING:
    from chgnet.model import CHGNet

__all__ = ("KernelArrays", "kernel_arrays")

Floats = NDArray[np.float64]
WIDTH = 64  # features of atoms, bonds and angles in every published CHGNet; the kernel knows no other
SPACING = 0.02  # A, between samples of a function of a length
ANGLE_INTERVALS = 200
CENTRE = np.eye(WIDTH) - 1 / WIDTH  # takes the mean of a row away, the first half of a layer norm


@dataclass(frozen=True)
class KernelArrays:
    """Arrays by name and what else the kernel is made with."""

    arrays: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def kernel_arrays(model: "CHGNet") -> KernelArrays:
    """Return a model's weights for the kernel.

    Raises:
        ModelFileError: the architecture is none that the kernel knows.
    """
    check_architecture(model)
    _check_widths(model)
    return KernelArrays(_Arranger(model).arrays(), _settings(model))


def _check_widths(model: "CHGNet") -> None:
    """Refuse features of another width than the kernel's."""
    widths = {
        "atom_fea_dim": model.atom_fea_dim,
        "bond_fea_dim": model.bond_fea_dim,
        "angle_fea_dim": model.angle_embedding.weight.shape[0],
        "atom_conv_hidden_dim": model.model_args.get("atom_conv_hidden_dim", WIDTH),
        "bond_conv_hidden_dim": model.model_args.get("bond_conv_hidden_dim", WIDTH),
    }
    widths |= {f"readout layer {i}": layer.weight.shape[0] for i, layer in enumerate(_linear(model.mlp)[:-1])}
    for name, width in widths.items():
        if width != WIDTH:
            raise ModelFileError(f"a CHGNet with {name}={width} is not known to the native kernel: use backend 'torch'")


def _settings(model: "CHGNet") -> dict[str, Any]:
    """Return what the kernel is made with beside the arrays."""
    converter = model.graph_converter
    cutoff, angle_cutoff = float(converter.atom_graph_cutoff), float(converter.bond_graph_cutoff)
    intervals = math.ceil(cutoff / SPACING)
    if abs(intervals * angle_cutoff / cutoff - round(intervals * angle_cutoff / cutoff)) > 1e-9:  # noqa: PLR2004
        raise ModelFileError(f"cutoffs of {cutoff} and {angle_cutoff} A do not fit the native kernel: use 'torch'")
    return {
        "n_conv": model.n_conv,
        "n_readout": len(_linear(model.mlp)) - 1,
        "normed": model.model_args.get("gMLP_norm", "layer") is not None,
        "readout_normed": model.readout_norm is not None,
        "elements": model.atom_embedding.embedding.weight.shape[0],
        "cutoff": cutoff,
        "angle_cutoff": angle_cutoff,
        "radial_intervals": intervals,
        "angular_intervals": ANGLE_INTERVALS,
    }


class _Arranger:
    """Collects the arrays of one model."""

    def __init__(self, model: "CHGNet") -> None:
        self.model = model
        settings = _settings(model)
        encoder = model.bond_basis_expansion
        cutoff, intervals = settings["cutoff"], settings["radial_intervals"]
        self.spacing = cutoff / intervals
        self.angle_spacing = math.pi / ANGLE_INTERVALS
        short = settings["angle_cutoff"]
        self.long_basis = _radial(encoder.rbf_expansion_ag, cutoff)(np.linspace(0, cutoff, intervals + 1))
        knots = np.linspace(0, short, round(short / self.spacing) + 1)
        self.short_basis = _radial(encoder.rbf_expansion_bg, short)(knots)
        frequencies = _values(model.angle_basis_expansion.fourier_expansion.frequencies)
        self.angle_basis = angular_basis(frequencies)(np.linspace(0, math.pi, ANGLE_INTERVALS + 1))
        self.found: dict[str, Floats | NDArray[np.float32]] = {}

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return all arrays."""
        model, n = self.model, self.model.n_conv
        bond, angle = _values(model.bond_embedding.weight).T, _values(model.angle_embedding.weight).T
        for i, layer in enumerate(model.atom_conv_layers):
            self._unit(f"atoms.{i}", layer.twoBody_atom, ("start", "bond", "end"), layer.mlp_out)
            self._basis(f"atoms.{i}", "bond", self.long_basis, bond, self.spacing)
        inputs = ("first", "second", "turned", "atom")
        for i, layer in enumerate(model.bond_conv_layers):
            self._unit(f"bonds.{i}", layer.twoBody_bond, inputs, layer.mlp_out)
            self._basis(f"bonds.{i}", "turned", self.angle_basis, angle, self.angle_spacing)
        for i, layer in enumerate(model.angle_layers[: n - 2]):  # the last update of the angles is never read
            self._unit(f"angles.{i}", layer.twoBody_bond, inputs, None)
            self._basis(f"angles.{i}", "turned", self.angle_basis, angle, self.angle_spacing)
        weights_ag, weights_bg = _values(model.bond_weights_ag.weight).T, _values(model.bond_weights_bg.weight).T
        self.found["edge_weights"] = sample(self.long_basis, weights_ag, self.spacing)
        self.found["bond_weights"] = sample(self.short_basis, weights_bg, self.spacing)
        self.found["short_bonds"] = sample(self.long_basis, bond, self.spacing)
        self.found["embedding"] = _values(model.atom_embedding.embedding.weight)
        self.found["magnetic"] = _values(model.site_wise.weight)
        self.found["magnetic.bias"] = _values(model.site_wise.bias)
        self._readout()
        return {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in self.found.items()}

    def _unit(self, name: str, gated: Any, inputs: tuple[str, ...], out: Any) -> None:
        """Split a gated unit by its inputs; the last layers before the norms are centred."""
        for half, mlp, norm in (("core", gated.mlp_core, gated.bn1), ("gate", gated.mlp_gate, gated.bn2)):
            layers = _linear(mlp)
            centre = np.eye(WIDTH) if gated.norm is None else CENTRE
            first = _values(layers[0].weight).T
            bias = _values(layers[0].bias)
            if len(layers) == 1:
                first, bias = first @ centre, bias @ centre
            else:
                self.found[f"{name}.hidden.{half}"] = _values(layers[1].weight).T @ centre
                self._append(f"{name}.hidden.bias", _values(layers[1].bias) @ centre)
            for part, values in zip(inputs, np.split(first, len(inputs)), strict=True):
                self.found[f"{name}.{part}.{half}"] = values
            self._append(f"{name}.bias", bias)
            self._append(f"{name}.scale", np.ones(WIDTH) if norm is None else _values(norm.weight))
            self._append(f"{name}.shift", np.zeros(WIDTH) if norm is None else _values(norm.bias))
        if out is not None:
            self._linear_layer(f"{name}.out", _linear(out)[0])

    def _basis(self, name: str, part: str, basis: Basis, embedding: Floats, spacing: float) -> None:
        """Sample what a unit is given by lengths or angles, through their embedding."""
        halves = [self.found[f"{name}.{part}.{half}"] for half in ("core", "gate")]
        self.found[f"{name}.basis"] = sample(basis, embedding @ np.concatenate(halves, axis=1), spacing)

    def _readout(self) -> None:
        """Collect the layers between atoms' features and energies."""
        norm = self.model.readout_norm
        self.found["readout.scale"] = np.ones(WIDTH) if norm is None else _values(norm.weight)
        self.found["readout.shift"] = np.zeros(WIDTH) if norm is None else _values(norm.bias)
        *hidden, site = _linear(self.model.mlp)
        for i, layer in enumerate(hidden):
            self.found[f"readout.{i}.core"] = _values(layer.weight).T
            self.found[f"readout.{i}.bias"] = _values(layer.bias)
        self.found["readout.site"] = _values(site.weight)
        self.found["readout.site.bias"] = _values(site.bias)

    def _linear_layer(self, name: str, layer: Any) -> None:
        """Collect a linear layer with or without a bias."""
        self.found[name] = _values(layer.weight).T
        self.found[f"{name}.bias"] = np.zeros(WIDTH) if layer.bias is None else _values(layer.bias)

    def _append(self, name: str, values: Floats) -> None:
        """Put the half of the gate behind that of the core."""
        self.found[name] = np.concatenate([self.found[name], values]) if name in self.found else values


def _radial(expansion: Any, cutoff: float) -> Any:
    """Return chgnet's radial basis as functions."""
    envelope = expansion.smooth_cutoff
    return radial_basis(_values(expansion.frequencies), cutoff, 0 if envelope is None else int(envelope.p))


def _linear(mlp: Any) -> list[Any]:
    """Return the linear layers of chgnet's MLP."""
    from torch.nn import Linear

    return [layer for layer in mlp.layers if isinstance(layer, Linear)]


def _values(tensor: Any) -> Floats:
    """Return a tensor's values in float64."""
    values: Floats = tensor.detach().cpu().double().numpy()
    return values
