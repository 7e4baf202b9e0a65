"""Evaluate a CHGNet with chgnet's own code; the reference for the faster backends."""

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.potential.evaluation import Evaluation, Floats

if TYPE_CHECKING:
    from chgnet.graph import CrystalGraph
    from chgnet.model import CHGNet

__all__ = ("StockEvaluator", "stock_graph")

GPA_PER_EV_A3 = 160.21766208  # chgnet's own value, so that it cancels


class StockEvaluator:
    """Evaluator on chgnet's graph converter and forward pass (float32)."""

    name = "stock"

    def __init__(self, model: "CHGNet") -> None:
        self.model = model

    def evaluate(
        self,
        numbers: NDArray[np.integer],
        positions: Floats,
        cell: Floats,
        *,
        forces: bool = True,
        stress: bool = False,
        magmoms: bool = False,
    ) -> Evaluation:
        """Evaluate one structure; see `Evaluator`."""
        graph = stock_graph(self.model, numbers, positions, cell)
        with warnings.catch_warnings():
            # chgnet makes a number of a volume that carries a gradient, and torch warns of it.
            warnings.filterwarnings("ignore", message="Converting a tensor with requires_grad", category=UserWarning)
            return self._evaluate_graph(graph, forces=forces, stress=stress, magmoms=magmoms)

    def _evaluate_graph(self, graph: "CrystalGraph", *, forces: bool, stress: bool, magmoms: bool) -> Evaluation:
        """Evaluate chgnet's graph."""
        # chgnet knows fixed combinations only; the cheapest one that holds what is wanted is taken.
        task = "efsm" if stress and magmoms else "efs" if stress else "ef" if forces else "e"
        result = self.model.predict_graph(graph, task=task)
        moments = result.get("m")
        if magmoms and moments is None:
            moments = self.model.predict_graph(graph, task="em")["m"]
        scale = len(graph.atomic_number) if self.model.is_intensive else 1
        return Evaluation(
            energy=float(result["e"]) * scale,
            forces=result["f"].astype(np.float64) if forces else None,
            stress=result["s"].astype(np.float64) / GPA_PER_EV_A3 if stress else None,
            magmoms=None if moments is None or not magmoms else moments.astype(np.float64),
        )


def stock_graph(model: "CHGNet", numbers: NDArray[np.integer], positions: Floats, cell: Floats) -> "CrystalGraph":
    """Return chgnet's graph of a structure; isolated atoms are allowed (they feel no force)."""
    from pymatgen.core import Lattice, Structure

    # Wrapped: chgnet keeps fractional coordinates in float32, whose digits a long walk would use up.
    fractional = np.linalg.solve(cell.T, positions.T).T % 1.0
    structure = Structure(Lattice(cell), numbers, fractional)
    model.graph_converter.set_isolated_atom_response("ignore")
    return model.graph_converter(structure)
