"""The weights of a CHGNet, arranged so that every input of a gated unit is multiplied once."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from aiida_hezsp.errors import ModelFileError

if TYPE_CHECKING:
    from chgnet.model import CHGNet
    from torch import Tensor, nn

__all__ = ("GatedUnit", "Weights", "arrange", "check_architecture")


@dataclass(frozen=True, eq=False)
class GatedUnit:
    """A gated MLP whose first layer is split by its inputs; columns of the core come first, then those of the gate.

    `parts` (input, 2 hidden) for each input in chgnet's order, `basis` (basis functions, 2 hidden): the embedding of a
    bond or angle and its part in one; `bias` (2 hidden,). `second`: the second linear layers of core and gate, None
    where the unit has one layer. `norms`: their layer norms, None where there are none. `out`: the linear layer after
    the sum of messages, None for angles.
    """

    parts: "tuple[Tensor, ...]"
    basis: "Tensor"
    bias: "Tensor"
    second: "tuple[nn.Linear, nn.Linear] | None"
    norms: "tuple[nn.LayerNorm, nn.LayerNorm] | None"
    out: Any


@dataclass(frozen=True, eq=False)
class Weights:
    """Gated units of atoms, bonds and angles, layer by layer; everything else is used as it stands in the model."""

    model: "CHGNet"
    atoms: tuple[GatedUnit, ...]
    bonds: tuple[GatedUnit, ...]
    angles: tuple[GatedUnit, ...]


def arrange(model: "CHGNet") -> Weights:
    """Return a model's weights in the order of the factorised evaluation.

    The tensors are made of the model's parameters by differentiable operations, so that a loss can be traced back to
    them; for evaluations alone this is done once, on a model without gradients.

    Raises:
        ModelFileError: the architecture is one that cannot be factorised.
    """
    check_architecture(model)
    a, b, g = model.atom_fea_dim, model.bond_fea_dim, model.angle_embedding.weight.shape[0]
    bond, angle = model.bond_embedding.weight, model.angle_embedding.weight
    n = model.n_conv
    return Weights(
        model,
        tuple(_unit(layer.twoBody_atom, (a, b, a), 1, bond, layer.mlp_out) for layer in model.atom_conv_layers),
        tuple(_unit(layer.twoBody_bond, (b, b, g, a), 2, angle, layer.mlp_out) for layer in model.bond_conv_layers),
        # The last update of the angles is never read.
        tuple(_unit(layer.twoBody_bond, (b, b, g, a), 2, angle, None) for layer in model.angle_layers[: n - 2]),
    )


def check_architecture(model: "CHGNet") -> None:
    """Refuse architectures that no published CHGNet has.

    Raises:
        ModelFileError: naming the argument that does not fit.
    """
    arguments: dict[str, Any] = model.model_args
    needed = {
        "update_bond": (True,),
        "update_angle": (True,),
        "mlp_first": (True,),
        "non_linearity": ("silu",),
        "conv_norm": (None,),
        "gMLP_norm": ("layer", None),
        "readout_norm": ("layer", None),
        "conv_dropout": (0,),
        "mlp_dropout": (0,),
        "angle_layer_hidden_dim": (0,),
        "final_mlp": ("MLP", "normal"),
    }
    for name, allowed in needed.items():
        if name in arguments and arguments[name] not in allowed:
            raise ModelFileError(
                f"a CHGNet with {name}={arguments[name]!r} cannot be factorised: use the backend 'stock'"
            )
    for name in ("atom_conv_hidden_dim", "bond_conv_hidden_dim"):
        if not isinstance(arguments.get(name, 64), int) or arguments.get(name, 64) == 0:
            raise ModelFileError(
                f"a CHGNet with {name}={arguments[name]!r} cannot be factorised: use the backend 'stock'"
            )
    reference = model.composition_model
    if reference is not None and reference.is_intensive != model.is_intensive:
        raise ModelFileError(
            "a CHGNet whose composition reference is not per atom as its energy is cannot be factorised"
        )


def _unit(gated: Any, widths: tuple[int, ...], embedded: int, embedding: "Tensor", out: Any) -> GatedUnit:
    """Return a gated MLP split by its inputs; `embedded` is the input that comes from a basis by `embedding`."""
    core, gate = (_linear_layers(mlp) for mlp in (gated.mlp_core, gated.mlp_gate))
    parts = torch.split(torch.cat([core[0].weight, gate[0].weight]).T, list(widths))
    return GatedUnit(
        parts=tuple(part.contiguous() for part in parts),
        basis=embedding.T @ parts[embedded],
        bias=torch.cat([core[0].bias, gate[0].bias]),
        second=(core[1], gate[1]) if len(core) > 1 else None,
        norms=None if gated.norm is None else (gated.bn1, gated.bn2),
        out=None if out is None else _linear_layers(out)[0],
    )


def _linear_layers(mlp: Any) -> list[Any]:
    """Return the linear layers of chgnet's MLP."""
    return [layer for layer in mlp.layers if isinstance(layer, torch.nn.Linear)]
