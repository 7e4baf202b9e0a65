"""The gated unit of CHGNet from the sums of its first layer on."""

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from aiida_hezsp.potential.factorised.weights import GatedUnit

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ("gated",)


def gated(unit: GatedUnit, rows: "Tensor") -> "Tensor":
    """Return silu(norm(core)) * sigmoid(norm(gate)), (rows, output).

    Args:
        unit: its weights.
        rows: (rows, 2 hidden), sums of the first layer: core and gate are the second layer of its silu, or the halves
            of the rows themselves where the unit has only one layer.
    """
    core, gate = (rows if unit.second is None else functional.silu(rows)).chunk(2, dim=1)
    if unit.second is not None:
        core, gate = unit.second[0](core), unit.second[1](gate)
    if unit.norms is not None:
        core, gate = unit.norms[0](core), unit.norms[1](gate)
    return functional.silu(core) * torch.sigmoid(gate)
