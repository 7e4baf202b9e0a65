"""The graph of a crystal as the factorised CHGNet needs it: undirected bonds, short ones first, and angles."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.errors import ExplosionError

__all__ = ("Graph", "build_graph")

Ints = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]
MAX_ANGLES_PER_ATOM = 5_000  # ordinary crystals have below 300; beyond this, atoms lie on one another
TOLERANCE = 1e-8


@dataclass(frozen=True, eq=False)
class Graph:
    """Bonds and angles of one periodic structure of n atoms, with U undirected bonds of which S are short.

    `numbers` (n,) atomic numbers; `centers`, `neighbors` (U,) atoms of a bond; `vectors` (U, 3) A, from the neighbour
    (in its periodic image) to the centre; the first `n_short` bonds are short enough to form angles.

    A short bond has two directed edges: edge k < S starts at the centre of bond k, edge S + k at its neighbour.
    `first`, `second` (P,): unordered pairs of different directed edges that start at the same atom; each is an angle.
    Self-image bonds (an atom and its own image) have both their edges at one atom, so that they form an angle with
    themselves.
    `volume` A^3.
    """

    numbers: Ints
    centers: Ints
    neighbors: Ints
    vectors: Floats
    n_short: int
    first: Ints
    second: Ints
    volume: float


def build_graph(numbers: Ints, positions: Floats, cell: Floats, cutoff: float, angle_cutoff: float) -> Graph:
    """Return the graph of a structure.

    Args:
        numbers: (n,) atomic numbers.
        positions: (n, 3) A, Cartesian; wrapped or not.
        cell: (3, 3) A, rows are vectors.
        cutoff: A, of bonds.
        angle_cutoff: A, of bonds that form angles.

    Raises:
        ExplosionError: atoms lie on one another, so that the graph would fill the memory, or positions are not finite.
    """
    centers, neighbors, vectors, lengths = _bonds(positions, cell, cutoff)
    order = np.argsort(lengths >= angle_cutoff, kind="stable")
    centers, neighbors, vectors = centers[order], neighbors[order], vectors[order]
    n_short = int((lengths < angle_cutoff).sum())
    starts = np.concatenate([centers[:n_short], neighbors[:n_short]])
    first, second = _pairs(starts, len(numbers))
    volume = abs(float(np.linalg.det(cell)))
    return Graph(np.asarray(numbers), centers, neighbors, vectors, n_short, first, second, volume)


def _bonds(positions: Floats, cell: Floats, cutoff: float) -> tuple[Ints, Ints, Floats, Floats]:
    """Return centres, neighbours, vectors and lengths of all undirected bonds."""
    from pymatgen.optimization.neighbors import find_points_in_spheres

    lattice = np.ascontiguousarray(cell, dtype=np.float64)
    points = _wrapped(np.asarray(positions, dtype=np.float64), lattice)
    i, j, images, lengths = find_points_in_spheres(
        points, points, cutoff, np.ones(3, dtype=np.int64), lattice, TOLERANCE
    )
    # One of every two directed edges: the one from the lower index or, to an own image, the one of positive direction.
    keep = i < j
    own = np.flatnonzero(i == j)
    if len(own):
        shift = images[own]
        ahead = (shift[:, 0] > 0) | (
            (shift[:, 0] == 0) & ((shift[:, 1] > 0) | ((shift[:, 1] == 0) & (shift[:, 2] > 0)))
        )
        keep[own] = ahead
    i, j, images, lengths = i[keep], j[keep], images[keep], lengths[keep]
    return i, j, points[i] - points[j] - images @ lattice, lengths


def _wrapped(positions: Floats, cell: Floats) -> Floats:
    """Return positions in the cell: the search for neighbours takes the longer the farther away an atom is."""
    if not (np.isfinite(positions).all() and np.isfinite(cell).all()):
        raise ExplosionError("positions or cell are not finite")
    return np.ascontiguousarray(positions - np.floor(np.linalg.solve(cell.T, positions.T)).T @ cell)


def _pairs(starts: Ints, n_atoms: int) -> tuple[Ints, Ints]:
    """Return all unordered pairs of directed edges with the same start."""
    degree = np.bincount(starts, minlength=n_atoms)
    if (degree.astype(np.int64) * (degree - 1)).sum() > MAX_ANGLES_PER_ATOM * n_atoms:
        raise ExplosionError(
            f"an atom has {int(degree.max())} bonds within the angles' cutoff: atoms lie on one another"
        )
    order = np.argsort(starts, kind="stable")
    ends = np.cumsum(degree)[starts[order]]  # where the group of each edge ends
    place = np.arange(len(order))
    partners = ends - 1 - place
    first = np.repeat(place, partners)
    begin = np.cumsum(partners) - partners
    second = first + 1 + np.arange(len(first)) - np.repeat(begin, partners)
    return order[first], order[second]
