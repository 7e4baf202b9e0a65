"""The reference: chgnet's own forward pass with every number in float64."""

import copy

import numpy as np
import pytest
import torch

from aiida_hezsp.potential.evaluation import Evaluation
from aiida_hezsp.potential.stock import GPA_PER_EV_A3, stock_graph


def evaluate_in_float64(model, numbers, positions, cell):
    """Return what stock chgnet says in float64: its graph's topology, geometry and weights without rounding."""
    graph = stock_graph(model, numbers, positions, cell)
    fractional = np.linalg.solve(cell.T, positions.T).T % 1.0
    graph.atom_frac_coord = torch.tensor(fractional, dtype=torch.float64, requires_grad=True)
    graph.lattice = torch.tensor(cell, dtype=torch.float64, requires_grad=True)
    graph.neighbor_image = graph.neighbor_image.double()
    double = copy.deepcopy(model).double().eval()
    reference = double.composition_model
    double.composition_model = None  # chgnet makes its compositions float32
    result = double([graph], task="efsm")
    offset = float(reference.fc.weight[0][torch.as_tensor(numbers) - 1].sum())
    return Evaluation(
        energy=float(result["e"].detach()) * len(numbers) + offset,
        forces=result["f"][0].detach().numpy(),
        stress=result["s"][0].detach().numpy() / GPA_PER_EV_A3,
        magmoms=result["m"][0].detach().numpy(),
    )


@pytest.fixture(scope="session")
def reference():
    return evaluate_in_float64
