"""Several graphs as one, with every index the factorised CHGNet sums by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from aiida_hezsp.potential.factorised.graph import Graph, Ints
from aiida_hezsp.potential.factorised.sparse_sum import Bags, SparseMap, group_by

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ("Batch", "make_batch")


@dataclass(frozen=True, eq=False)
class Batch:
    """Graphs of B structures: n atoms, U undirected bonds (the S short ones first), P unordered angles.

    Directed edges: edge e < U starts at the centre of bond e, edge U + e at its neighbour. Ordered angles: q < P is
    (first, second), P + q is (second, first).

    `numbers` (n,); `n_atoms`, `volumes` (B,); `atom_owners` (n,), `bond_owners` (U,): structure of an atom, a bond;
    `centers`, `neighbors` (U,); `vectors` (U, 3) float64 A; `pairs` (2, P): bonds of each angle; `signs` (P,): -1 where
    just one of them is read backwards; `has_angles` (B,).

    `messages`: per edge the rows of its start, its end and, if short, its bond; tables (n, n, S). `to_atoms`: edges
    summed at their start. `angles`: per ordered angle the rows of its first bond, second bond, atom and unordered
    angle; tables (S, S, n, P). `to_bonds`: ordered angles summed at their first bond. `second_bond`: per ordered angle
    the row of its second bond.
    """

    numbers: "Tensor"
    n_atoms: "Tensor"
    volumes: "Tensor"
    atom_owners: "Tensor"
    bond_owners: "Tensor"
    centers: "Tensor"
    neighbors: "Tensor"
    vectors: "Tensor"
    n_short: int
    pairs: "Tensor"
    signs: "Tensor"
    has_angles: "Tensor"
    messages: SparseMap
    to_atoms: SparseMap
    angles: SparseMap
    to_bonds: SparseMap
    second_bond: SparseMap

    def to(self, device: "torch.device") -> "Batch":
        """Return the batch with everything in it on a device."""
        if device.type == "cpu":
            return self
        moved: dict[str, Any] = {
            name: value if isinstance(value, int) else value.to(device) for name, value in vars(self).items()
        }
        return Batch(**moved)


def make_batch(graphs: Sequence[Graph]) -> Batch:
    """Return graphs as one batch, with its indices."""
    n_atoms = np.array([len(graph.numbers) for graph in graphs])
    atom_offsets = np.cumsum(n_atoms) - n_atoms
    n_short = sum(graph.n_short for graph in graphs)
    bonds = _joined_bonds(graphs, atom_offsets)
    first, second = _joined_pairs(graphs, n_short)
    centers, neighbors = bonds["centers"], bonds["neighbors"]
    starts = np.concatenate([centers[:n_short], neighbors[:n_short]])
    n, n_pairs = int(n_atoms.sum()), len(first)
    bond_a, bond_b = first % max(n_short, 1), second % max(n_short, 1)
    sign = np.where((first < n_short) == (second < n_short), 1.0, -1.0)
    by_bond = [np.concatenate([bond_a, bond_b]), np.concatenate([bond_b, bond_a])]
    to_atoms = _edges_to_atoms(centers, neighbors, n)
    return Batch(
        numbers=torch.from_numpy(np.concatenate([graph.numbers for graph in graphs]).astype(np.int64)),
        n_atoms=torch.from_numpy(n_atoms),
        volumes=torch.tensor([graph.volume for graph in graphs], dtype=torch.float64),
        atom_owners=torch.from_numpy(np.repeat(np.arange(len(graphs)), n_atoms)),
        bond_owners=torch.from_numpy(bonds["owners"]),
        centers=torch.from_numpy(centers),
        neighbors=torch.from_numpy(neighbors),
        vectors=torch.from_numpy(bonds["vectors"]),
        n_short=n_short,
        pairs=torch.from_numpy(np.stack([bond_a, bond_b])),
        signs=torch.from_numpy(sign),
        has_angles=torch.tensor([len(graph.first) > 0 for graph in graphs]),
        messages=_messages(centers, neighbors, n, n_short, to_atoms.rows),
        to_atoms=to_atoms,
        angles=_angles(by_bond, starts[first] if n_pairs else first, n, n_short),
        to_bonds=_rows_to_groups(by_bond[0], n_short),
        second_bond=_rows_to_groups(by_bond[1], n_short).transposed,
    )


def _joined_bonds(graphs: Sequence[Graph], atom_offsets: Ints) -> dict[str, Any]:
    """Return the bonds of all graphs, the short ones first."""
    spans = [
        (graph, at, owner, slice(None, graph.n_short))
        for owner, (graph, at) in enumerate(zip(graphs, atom_offsets, strict=True))
    ]
    spans += [(graph, at, owner, slice(graph.n_short, None)) for graph, at, owner, _ in spans]
    return {
        "centers": np.concatenate([graph.centers[span] + at for graph, at, _, span in spans]),
        "neighbors": np.concatenate([graph.neighbors[span] + at for graph, at, _, span in spans]),
        "vectors": np.concatenate([graph.vectors[span] for graph, _, _, span in spans]),
        "owners": np.concatenate([np.full(len(graph.centers[span]), owner) for graph, _, owner, span in spans]),
    }


def _joined_pairs(graphs: Sequence[Graph], n_short: int) -> tuple[Ints, Ints]:
    """Return the pairs of directed edges of all graphs: edge k < S at the centre of bond k, S + k at its neighbour."""
    parts: tuple[list[Ints], list[Ints]] = ([], [])
    offset = 0
    for graph in graphs:
        for part, edges in zip(parts, (graph.first, graph.second), strict=True):
            backwards = edges >= graph.n_short
            part.append(edges + offset + backwards * (n_short - graph.n_short))
        offset += graph.n_short
    return np.concatenate(parts[0]), np.concatenate(parts[1])


def _edges_to_atoms(centers: Ints, neighbors: Ints, n: int) -> SparseMap:
    """Return the map that sums directed edges at the atom they start from."""
    return _rows_to_groups(np.concatenate([centers, neighbors]), n)


def _rows_to_groups(keys: Ints, n_groups: int) -> SparseMap:
    """Return the map that sums rows with equal keys."""
    order, counts = group_by(keys, n_groups)
    return SparseMap(Bags.of(order, counts), Bags.of(keys, np.ones(len(keys), dtype=np.int32)))


def _messages(centers: Ints, neighbors: Ints, n: int, n_short: int, at_atoms: Bags) -> SparseMap:
    """Return the map from the tables of starts, ends and short bonds to the rows of directed edges."""
    n_bonds = len(centers)
    bond = np.arange(n_short)
    indices = []
    for start, end in ((centers, neighbors), (neighbors, centers)):
        rows = np.stack([start, end + n], axis=1)
        indices += [np.concatenate([rows[:n_short], (bond + 2 * n)[:, None]], axis=1).ravel(), rows[n_short:].ravel()]
    lengths = np.tile(np.repeat([3, 2], [n_short, n_bonds - n_short]), 2)
    order, counts = at_atoms.indices.numpy(), np.diff(at_atoms.offsets.numpy())
    ends = (order + n_bonds) % max(2 * n_bonds, 1)  # edge e ends where its reverse starts
    both = np.stack([bond, bond + n_bonds], axis=1).ravel()
    return SparseMap(
        Bags.of(np.concatenate(indices), lengths),
        Bags.of(np.concatenate([order, ends, both]), np.concatenate([counts, counts, np.full(n_short, 2)])),
    )


def _angles(by_bond: Sequence[Ints], atoms: Ints, n: int, n_short: int) -> SparseMap:
    """Return the map from the tables of first bonds, second bonds, atoms and angles to the rows of ordered angles."""
    n_pairs = len(atoms)
    keys = (*by_bond, np.tile(atoms, 2), np.tile(np.arange(n_pairs), 2))
    sizes = (n_short, n_short, n, n_pairs)
    begins = (0, n_short, 2 * n_short, 2 * n_short + n)
    rows = np.stack([key + begin for key, begin in zip(keys, begins, strict=True)], axis=1)
    groups = [group_by(key, size) for key, size in zip(keys, sizes, strict=True)]
    return SparseMap(
        Bags.of(rows.ravel(), np.full(2 * n_pairs, 4)),
        Bags.of(np.concatenate([order for order, _ in groups]), np.concatenate([counts for _, counts in groups])),
    )
