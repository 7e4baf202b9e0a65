"""The reference: chgnet's own forward pass with every number in float64.

chgnet's converter finds the graph's topology in float64 but stores geometry as float32; here the tensors are replaced
by float64 ones made from the same coordinates, and the model's weights (float32 numbers) are widened. What is left of
float32 in chgnet's code is put right: the volume by which it divides the stress (which moreover is negative for a
left-handed cell, so that stock's stress has the wrong sign there), and the composition reference. The constant
1/sqrt(2) of the angles' basis stays as chgnet rounds it, like a weight (3e-8).
"""

import copy
import warnings

import numpy as np
import torch

from aiida_hezsp.potential.evaluation import Evaluation
from aiida_hezsp.potential.stock import GPA_PER_EV_A3, stock_graph

__all__ = ("Float64Reference",)


class Float64Reference:
    """Evaluator by stock chgnet in float64."""

    def __init__(self, model):
        self.model = copy.deepcopy(model).requires_grad_(requires_grad=False).eval()
        self.double = copy.deepcopy(self.model).double()
        self.double.composition_model = None  # chgnet makes its compositions float32

    def evaluate(self, numbers, positions, cell):
        """Return everything: total energy (eV), forces (eV/A), stress (eV/A^3), moments (mu_B)."""
        result = self.double([self.graph(numbers, positions, cell)], task="efsm")
        return Evaluation(
            energy=self._total(float(result["e"].detach()), numbers),
            forces=result["f"][0].detach().numpy(),
            stress=result["s"][0].detach().numpy() / GPA_PER_EV_A3 * _volume_correction(cell),
            magmoms=result["m"][0].detach().numpy(),
        )

    def energy(self, numbers, positions, cell):
        """Return the total energy alone, eV."""
        result = self.double([self.graph(numbers, positions, cell)], task="e")
        return self._total(float(result["e"].detach()), numbers)

    def graph(self, numbers, positions, cell):
        """Return chgnet's graph with float64 tensors."""
        graph = stock_graph(self.model, numbers, positions, cell)
        fractional = np.linalg.solve(cell.T, positions.T).T % 1.0  # as stock_graph wraps, to the bit
        graph.atom_frac_coord = torch.tensor(fractional, dtype=torch.float64, requires_grad=True)
        graph.lattice = torch.tensor(cell, dtype=torch.float64, requires_grad=True)
        graph.neighbor_image = graph.neighbor_image.double()
        return graph

    def _total(self, energy, numbers):
        """Return the total energy with the composition reference."""
        total = energy * len(numbers) if self.model.is_intensive else energy
        reference = self.model.composition_model
        if reference is None:
            return total
        assert reference.is_intensive == self.model.is_intensive
        return total + float(reference.fc.weight[0].double()[torch.as_tensor(np.asarray(numbers), dtype=int) - 1].sum())


def _volume_correction(cell):
    """Return what chgnet divides the stress by over the volume: rounded to float32, negative if left-handed."""
    volume = np.linalg.det(cell)
    return float(np.float32(volume)) / abs(volume)


# chgnet makes a number of a volume that carries a gradient, and torch warns of it.
warnings.filterwarnings("ignore", message="Converting a tensor with requires_grad", category=UserWarning)
