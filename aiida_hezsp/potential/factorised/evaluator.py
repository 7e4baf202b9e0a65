"""The factorised CHGNet behind the interface of evaluators and of training."""

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.potential.evaluation import Evaluation, Floats
from aiida_hezsp.potential.factorised.batch import make_batch
from aiida_hezsp.potential.factorised.graph import Graph, build_graph
from aiida_hezsp.potential.factorised.predict import predict_batch
from aiida_hezsp.potential.factorised.weights import arrange, check_architecture
from aiida_hezsp.potential.network import Output

if TYPE_CHECKING:
    from chgnet.model import CHGNet

__all__ = ("FactorisedEvaluator", "FactorisedNetwork")

GPA_PER_EV_A3 = 160.21766208  # chgnet's own value


class FactorisedEvaluator:
    """Evaluator in PyTorch (float32, geometry in float64); the model's weights are copied when it is made.

    Graphs are made on the CPU, everything else is computed on `device` (`cpu`, `cuda`, `cuda:1`).
    """

    name = "torch"

    def __init__(self, model: "CHGNet", device: str = "cpu") -> None:
        import torch

        self.device = torch.device(device)
        self.model = copy.deepcopy(model).requires_grad_(requires_grad=False).eval().to(self.device)
        self.weights = arrange(self.model)

    def evaluate(
        self,
        numbers: NDArray[np.integer[Any]],
        positions: Floats,
        cell: Floats,
        *,
        forces: bool = True,
        stress: bool = False,
        magmoms: bool = False,
    ) -> Evaluation:
        """Evaluate one structure; see `Evaluator`."""
        graph = self.graph(numbers, positions, cell)
        return self.evaluate_graphs([graph], forces=forces, stress=stress, magmoms=magmoms)[0]

    def graph(self, numbers: NDArray[np.integer[Any]], positions: Floats, cell: Floats) -> Graph:
        """Return the graph of a structure."""
        return graph_for(self.model, numbers, positions, cell)

    def evaluate_graphs(
        self, graphs: Sequence[Graph], *, forces: bool, stress: bool, magmoms: bool
    ) -> list[Evaluation]:
        """Evaluate several structures in one pass; rounding (1e-6 eV/A) depends on which are evaluated together."""
        batch = make_batch(graphs).to(self.device)
        result = predict_batch(self.weights, batch, forces=forces, stress=stress, magmoms=magmoms, training=False)
        ends = np.cumsum([len(graph.numbers) for graph in graphs])[:-1]
        nothing = [None] * len(graphs)
        parts = zip(
            result.energies.tolist(),
            nothing if result.forces is None else np.split(result.forces.cpu().numpy(), ends),
            nothing if result.stresses is None else result.stresses.cpu().numpy(),
            nothing if result.magmoms is None else np.split(result.magmoms.double().cpu().numpy(), ends),
            strict=True,
        )
        return [Evaluation(*part) for part in parts]


class FactorisedNetwork:
    """A model in training; its parameters are used as they are at each call."""

    def __init__(self, model: "CHGNet") -> None:
        check_architecture(model)
        self.model = model

    def graph(self, numbers: NDArray[np.integer[Any]], positions: Floats, cell: Floats) -> Graph:
        """Return the graph of a structure."""
        return graph_for(self.model, numbers, positions, cell)

    def size(self, graph: Graph) -> int:
        """Return the number of atoms of a graph."""
        return len(graph.numbers)

    def predict(self, graphs: Sequence[Graph], *, stress: bool, magmoms: bool, training: bool) -> Output:
        """Return predictions; with `training` they are differentiable with respect to the weights."""
        import torch

        with torch.set_grad_enabled(training):
            weights = arrange(self.model)
        result = predict_batch(
            weights, make_batch(graphs), forces=True, stress=stress, magmoms=magmoms, training=training
        )
        assert result.forces is not None
        return Output(
            result.energies / torch.tensor([len(graph.numbers) for graph in graphs]),
            result.forces,
            None if result.stresses is None else result.stresses * GPA_PER_EV_A3,
            result.magmoms,
        )


def graph_for(model: "CHGNet", numbers: NDArray[np.integer[Any]], positions: Floats, cell: Floats) -> Graph:
    """Return the graph of a structure with a model's cutoffs."""
    converter = model.graph_converter
    return build_graph(numbers, positions, cell, converter.atom_graph_cutoff, converter.bond_graph_cutoff)
