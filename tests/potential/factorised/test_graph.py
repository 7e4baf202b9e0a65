import itertools

import numpy as np
import pytest
import torch
from ase.build import bulk

from aiida_hezsp.errors import ExplosionError
from aiida_hezsp.potential.factorised.graph import build_graph
from aiida_hezsp.potential.factorised.sparse_sum import Bags, SparseMap, group_by, sparse_sum


def naive_bonds(positions, cell, cutoff):
    """All undirected bonds by a loop over images: sorted (i, j, vector)."""
    bonds = []
    for shift in itertools.product(range(-4, 5), repeat=3):
        for i, j in itertools.product(range(len(positions)), repeat=2):
            vector = positions[i] - positions[j] - np.array(shift) @ cell
            if (i < j or (i == j and shift > (0, 0, 0))) and np.linalg.norm(vector) < cutoff:
                bonds.append((i, j, *np.round(vector, 6)))
    return sorted(bonds)


@pytest.mark.parametrize("cutoff", [3.0, 5.0])
def test_bonds_and_angles_agree_with_a_loop(cutoff):
    atoms = bulk("Li2O", "fluorite", a=4.6)
    atoms.positions += np.random.default_rng(0).normal(0, 0.2, (3, 3)) + np.array([11, -9, 4])
    graph = build_graph(atoms.numbers, atoms.positions, atoms.cell.array, cutoff, 2.8)
    bonds = sorted(
        (int(i), int(j), *np.round(v, 6)) for i, j, v in zip(graph.centers, graph.neighbors, graph.vectors, strict=True)
    )
    np.testing.assert_allclose(bonds, naive_bonds(atoms.positions, atoms.cell.array, cutoff), atol=2e-6)
    lengths = np.linalg.norm(graph.vectors, axis=1)
    assert (lengths[: graph.n_short] < 2.8).all()
    assert (lengths[graph.n_short :] >= 2.8).all()
    starts = np.concatenate([graph.centers[: graph.n_short], graph.neighbors[: graph.n_short]])
    expected = {(a, b) for a, b in itertools.combinations(range(len(starts)), 2) if starts[a] == starts[b]}
    found = {tuple(sorted(pair)) for pair in zip(graph.first.tolist(), graph.second.tolist(), strict=True)}
    assert found == expected
    assert len(graph.first) == len(expected)


def test_a_bond_to_an_own_image_counts_once_and_forms_an_angle_with_itself():
    graph = build_graph(np.array([3]), np.zeros((1, 3)), np.diag([2.5, 20, 20]), 3.0, 3.0)
    assert (graph.centers.tolist(), graph.neighbors.tolist(), graph.n_short) == ([0], [0], 1)
    assert list(zip(graph.first.tolist(), graph.second.tolist(), strict=True)) == [(0, 1)]


def random_map(rng, n_rows, n_columns):
    lengths = rng.integers(0, 4, n_rows)
    indices = rng.integers(0, n_columns, lengths.sum())
    row_of = np.repeat(np.arange(n_rows), lengths)
    order, counts = group_by(indices, n_columns)
    dense = np.zeros((n_rows, n_columns))
    np.add.at(dense, (row_of, indices), 1.0)
    return SparseMap(Bags.of(indices, lengths), Bags.of(row_of[order], counts)), torch.tensor(dense)


def test_sparse_sums_and_their_derivatives_are_those_of_a_dense_product():
    rng = np.random.default_rng(0)
    sparse, dense = random_map(rng, 7, 5)
    table = torch.tensor(rng.normal(size=(5, 3)), requires_grad=True)
    torch.testing.assert_close(sparse_sum(table, sparse), dense @ table)
    assert torch.autograd.gradcheck(lambda t: sparse_sum(t, sparse) ** 2, (table,))
    assert torch.autograd.gradgradcheck(lambda t: sparse_sum(t, sparse) ** 3, (table,))
    empty = SparseMap(Bags.of(np.empty(0, int), np.zeros(7, int)), Bags.of(np.empty(0, int), np.zeros(5, int)))
    assert float(sparse_sum(table, empty).abs().sum()) == 0


def test_an_atom_far_outside_its_cell_costs_nothing_and_changes_nothing():
    rng = np.random.default_rng(4)
    cell, positions = np.eye(3) * 4 + rng.normal(0, 0.3, (3, 3)), rng.uniform(0, 4, (6, 3))
    far = positions + np.array([[0, 0, 0], [5000, 0, 0], [0, -3000, 1], [0, 0, 0], [0, 0, 2], [-1, 0, 0]]) @ cell
    near = build_graph(np.ones(6, dtype=int), positions, cell, 5.0, 3.0)
    moved = build_graph(np.ones(6, dtype=int), far, cell, 5.0, 3.0)
    np.testing.assert_allclose(
        np.sort(np.linalg.norm(moved.vectors, axis=1)), np.sort(np.linalg.norm(near.vectors, axis=1)), atol=1e-9
    )
    assert len(moved.first) == len(near.first)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_positions_that_are_no_numbers_are_refused(value):
    positions = np.zeros((2, 3))
    positions[1, 1] = value
    with pytest.raises(ExplosionError, match="positions or cell are not finite"):
        build_graph(np.ones(2, dtype=int), positions, np.eye(3) * 4, 5.0, 3.0)
