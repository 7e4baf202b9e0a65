"""A CHGNet as training sees it: graphs made once, differentiable predictions of many at a time."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.errors import ModelFileError
from aiida_hezsp.potential.evaluation import Floats
from aiida_hezsp.potential.stock import stock_graph

if TYPE_CHECKING:
    from chgnet.model import CHGNet
    from torch import Tensor

__all__ = ("Network", "Output", "StockNetwork", "make_network")


@dataclass(frozen=True)
class Output:
    """Predictions for B structures as tensors: energies (B,) eV/atom, forces (sum n_i, 3) eV/A, stresses (B, 3, 3) GPa
    and magmoms (sum n_i,) mu_B; the last two None where they were not asked for.
    """  # noqa: D205 - one sentence

    energies: "Tensor"
    forces: "Tensor"
    stresses: "Tensor | None"
    magmoms: "Tensor | None"


class Network(Protocol):
    """A model with a graph type of its own."""

    model: "CHGNet"

    def graph(self, numbers: NDArray[np.integer], positions: Floats, cell: Floats) -> Any:
        """Return the graph of a structure (A); it is made once and used in every epoch."""

    def size(self, graph: Any) -> int:
        """Return the number of atoms of a graph."""

    def predict(self, graphs: Sequence[Any], *, stress: bool, magmoms: bool, training: bool) -> Output:
        """Return predictions; with `training` they are differentiable with respect to the weights."""


def make_network(model: "CHGNet") -> Network:
    """Return a model for training or for predictions of many images: factorised, or stock where that is impossible."""
    from aiida_hezsp.potential.factorised.evaluator import FactorisedNetwork

    try:
        return FactorisedNetwork(model)
    except ModelFileError:
        return StockNetwork(model)


class StockNetwork:
    """chgnet's own code."""

    def __init__(self, model: "CHGNet") -> None:
        self.model = model

    def graph(self, numbers: NDArray[np.integer], positions: Floats, cell: Floats) -> Any:
        """Return chgnet's graph."""
        return stock_graph(self.model, numbers, positions, cell)

    def size(self, graph: Any) -> int:
        """Return the number of atoms of a graph."""
        return len(graph.atomic_number)

    def predict(self, graphs: Sequence[Any], *, stress: bool, magmoms: bool, training: bool) -> Output:
        """Return predictions."""
        import torch

        task = "efsm" if magmoms else "efs" if stress else "ef"
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Converting a tensor with requires_grad", category=UserWarning)
            result = self.model(graphs, task=task)
        energies = result["e"] if self.model.is_intensive else result["e"] / result["atoms_per_graph"]
        output = Output(
            energies,
            torch.cat(list(result["f"])),
            torch.stack(list(result["s"])) if stress else None,
            torch.cat(list(result["m"])) if magmoms else None,
        )
        return output if training else detached(output)


def detached(output: Output) -> Output:
    """Return predictions without their history."""
    return Output(*(None if value is None else value.detach() for value in vars(output).values()))  # type: ignore[arg-type]
