"""Match the sites of two relaxed cells of one structure, and measure how far apart they are (paper, Table 1)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aiida_hezsp.errors import StructureError

__all__ = ("SiteMatch", "match_sites")

Floats = NDArray[np.float64]
_MAX_ROUNDS = 50
_ENOUGH = 1e-9  # A^2


@dataclass(frozen=True, eq=False)
class SiteMatch:
    """How the sites of two cells belong together.

    `rssd` is the root of the sum of squared distances, sqrt(sum_i |d_i|^2), in A; `distances` (n,) A by site of the
    first cell; `order` (n,): site i of the first cell is site order[i] of the second; `translation` (3,) fractional,
    common to all sites, that was taken away.
    """

    rssd: float
    distances: Floats
    order: NDArray[np.int64]
    translation: Floats

    @property
    def max_distance(self) -> float:
        """The largest distance, A."""
        return float(self.distances.max())


def match_sites(
    symbols: list[str], cells: tuple[ArrayLike, ArrayLike], positions: tuple[ArrayLike, ArrayLike]
) -> SiteMatch:
    """Return the assignment of sites, each to one of its own element, with the smallest sum of squared distances.

    Distances are those of the nearest periodic images in the mean of the two cells (mean of the metric tensors, so that
    a rotation of one cell does not matter), after the common translation is taken away. Assignment (Hungarian
    algorithm) and translation are improved in turn; the start is no translation, and each that puts a site of the
    rarest element on another one of it, which finds the match of shifted and permuted cells as well.

    Args:
        symbols: (n,) elements of both.
        cells: (3, 3) A each, rows are vectors, of the same choice of axes.
        positions: (n, 3) fractional each.

    Raises:
        StructureError: shapes do not fit.
    """
    first, second = (np.asarray(values, dtype=np.float64) for values in positions)
    if first.shape != (len(symbols), 3) or second.shape != first.shape or len(symbols) == 0:
        raise StructureError(f"sites {first.shape} and {second.shape} cannot be matched: ({len(symbols)}, 3) is needed")
    lattice = _mean_lattice(*(np.asarray(cell, dtype=np.float64) for cell in cells))
    kinds = np.array(symbols)
    best: tuple[float, Any] | None = None
    for translation in _starts(kinds, first, second):
        found = _refined(lattice, kinds, first, second, translation)
        if best is None or found[0] < best[0] - _ENOUGH:
            best = found
    assert best is not None
    total, (order, vectors, translation) = best
    return SiteMatch(float(np.sqrt(total)), np.linalg.norm(vectors, axis=1), order, translation)


def _mean_lattice(first: Floats, second: Floats) -> Floats:
    """Return a cell (3, 3) with the mean metric of two."""
    if first.shape != (3, 3) or second.shape != (3, 3):
        raise StructureError(f"cells {first.shape} and {second.shape} are given: (3, 3) is needed")
    return np.asarray(np.linalg.cholesky((first @ first.T + second @ second.T) / 2))


def _starts(kinds: NDArray[np.str_], first: Floats, second: Floats) -> Iterator[Floats]:
    """Yield translations (3,) to begin with."""
    yield np.zeros(3)
    names, counts = np.unique(kinds, return_counts=True)
    rarest = np.flatnonzero(kinds == names[np.argmin(counts)])
    for index in rarest:
        yield second[index] - first[rarest[0]]


def _refined(
    lattice: Floats, kinds: NDArray[np.str_], first: Floats, second: Floats, translation: Floats
) -> tuple[float, tuple[NDArray[np.int64], Floats, Floats]]:
    """Improve assignment and translation in turn; return the sum of squares, and order, vectors and translation."""
    total = np.inf
    for _ in range(_MAX_ROUNDS):
        order, vectors = _assigned(lattice, kinds, first + translation, second)
        shift = vectors.mean(axis=0)
        centred = vectors - shift
        improved = float((centred**2).sum())
        translation = translation + shift @ np.linalg.inv(lattice)
        finished, total = improved >= total - _ENOUGH, improved
        if finished:
            break
    return total, (order, centred, translation)


def _assigned(
    lattice: Floats, kinds: NDArray[np.str_], first: Floats, second: Floats
) -> tuple[NDArray[np.int64], Floats]:
    """Return the best assignment at a fixed translation: order (n,) and vectors (n, 3) A."""
    from pymatgen.core import Lattice
    from pymatgen.util.coord import pbc_shortest_vectors
    from scipy.optimize import linear_sum_assignment

    order = np.empty(len(kinds), dtype=np.int64)
    vectors = np.empty((len(kinds), 3))
    for kind in np.unique(kinds):
        members = np.flatnonzero(kinds == kind)
        between, squares = pbc_shortest_vectors(Lattice(lattice), first[members], second[members], return_d2=True)
        rows, columns = linear_sum_assignment(squares)
        order[members[rows]] = members[columns]
        vectors[members[rows]] = between[rows, columns]
    return order, vectors
