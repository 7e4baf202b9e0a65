"""The common judge: stock chgnet with every number in float64."""

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.potential.benchmarks.contenders import hush
from aiida_hezsp.potential.evaluation import Evaluation, Floats
from aiida_hezsp.potential.stock import GPA_PER_EV_A3, stock_graph

if TYPE_CHECKING:
    from chgnet.model import CHGNet

__all__ = ("Float64Evaluator",)


class Float64Evaluator:
    """Evaluator on chgnet's own forward pass in double precision: its graph's topology, geometry without rounding.

    Stock's float32 forces deviate from it by up to 4e-4 eV/A, and from themselves by as much when the structure is
    translated; what is closer to it is closer to the model.
    """

    def __init__(self, model: "CHGNet") -> None:
        hush()
        self.model = model
        self._double = copy.deepcopy(model).double().eval()
        # chgnet makes its compositions float32: the reference energies are added here instead.
        self._atomic = model.composition_model.fc.weight[0].detach().double().numpy()
        self._double.composition_model = None

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
        """Evaluate one structure; see `Evaluator`. Everything is computed, whatever is asked."""
        import torch

        del forces, stress, magmoms
        graph = stock_graph(self.model, numbers, positions, cell)
        fractional = np.linalg.solve(cell.T, positions.T).T % 1.0
        graph.atom_frac_coord = torch.tensor(fractional, dtype=torch.float64, requires_grad=True)
        graph.lattice = torch.tensor(cell, dtype=torch.float64, requires_grad=True)
        graph.neighbor_image = graph.neighbor_image.double()
        result = self._double([graph], task="efsm")
        return Evaluation(
            energy=float(result["e"].detach()) * len(numbers) + float(self._atomic[numbers - 1].sum()),
            forces=result["f"][0].detach().numpy(),
            stress=result["s"][0].detach().numpy() / GPA_PER_EV_A3,
            magmoms=result["m"][0].detach().numpy(),
        )
