"""Continuous symmetry measure of coordination polyhedra, exact."""

from functools import lru_cache
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aiida_hezsp.errors import StructureError

__all__ = ("IDEALS", "continuous_symmetry_measure", "continuous_symmetry_measures")

Floats = NDArray[np.float64]

IDEALS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "O:6": ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)),
    "T:4": ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)),
}
"""Vertices of the ideal polyhedra around their centre, under the names chemenv gives them."""


def continuous_symmetry_measure(vectors: ArrayLike, ideal: str) -> float:
    """Return the CSM of one polyhedron against an ideal one, 0 (perfect) to 100.

    Args:
        vectors: (n, 3), from the central atom to its n neighbours; any unit, any order.
        ideal: ``O:6`` (n = 6) or ``T:4`` (n = 4).
    """
    return float(continuous_symmetry_measures(np.asarray(vectors, dtype=np.float64)[None], ideal)[0])


def continuous_symmetry_measures(vectors: ArrayLike, ideal: str) -> Floats:
    """Return the CSM of many polyhedra against an ideal one.

    CSM = 100 min sum_k |q_k - s R p_pi(k)|^2 / sum_k |q_k|^2 over permutations pi of the vertices, rotations R
    and scales s (Pinsky & Avnir, Inorg. Chem. 37, 5575 (1998)), where p are centre and vertices of the polyhedron
    about the centroid of all of them, q those of the ideal: chemenv's convention. For given pi the minimum over R
    and s is 100 (1 - |H|_*^2 / (|p|^2 |q|^2)) with the nuclear norm of H = sum_k p_pi(k) q_k^T. R may be improper:
    the ideals have mirror planes, so a reflection is only another permutation. Permutations that differ by a
    symmetry of the ideal give the same H up to rotation: 15 classes for O:6, one for T:4, are all of them.

    Args:
        vectors: (polyhedra, n, 3), from the central atoms to their neighbours; any unit, any order.
        ideal: ``O:6`` (n = 6) or ``T:4`` (n = 4).

    Returns:
        (polyhedra,), 0 (perfect) to 100.

    Raises:
        StructureError: the ideal is unknown, the number of vertices is not its own, or a polyhedron has no size.
    """
    values = _checked(vectors, ideal)
    q = np.asarray(IDEALS[ideal], dtype=np.float64)
    centroid = values.sum(axis=1) / (values.shape[1] + 1)
    size = (values**2).sum(axis=(1, 2)) - (values.shape[1] + 1) * (centroid**2).sum(axis=1)
    if (size <= 0.0).any():
        raise StructureError(f"polyhedron {int(size.argmin())} has no size: all its vertices are in one place")
    # The centroid need not be subtracted in H: the vertices of the ideal add up to zero.
    correlation = np.einsum("mck,pcl->mpkl", values, q[_classes(ideal)])
    norms = np.linalg.svd(correlation, compute_uv=False).sum(axis=2).max(axis=1)
    measures: Floats = 100.0 * (1.0 - norms**2 / (size * (q**2).sum()))
    return np.maximum(measures, 0.0)


def _checked(vectors: ArrayLike, ideal: str) -> Floats:
    """Return the vectors as an array of the shape that the ideal asks for."""
    if ideal not in IDEALS:
        raise StructureError(f"unknown ideal polyhedron {ideal!r}: {' or '.join(IDEALS)} is expected")
    values = np.asarray(vectors, dtype=np.float64)
    expected = (len(IDEALS[ideal]), 3)
    if values.ndim != 3 or values.shape[1:] != expected:  # noqa: PLR2004 - (polyhedra, n, 3)
        raise StructureError(f"{ideal} needs {expected[0]} vectors a polyhedron, got the shape {values.shape}")
    if not np.isfinite(values).all():
        raise StructureError("the vectors of a polyhedron are not all finite")
    return values


@lru_cache
def _classes(ideal: str) -> NDArray[np.intp]:
    """Return one permutation of each class that the symmetry group of the ideal leaves distinct.

    A permutation is a symmetry if it keeps all scalar products between vertices.
    """
    q = np.asarray(IDEALS[ideal])
    gram = q @ q.T
    everything = list(permutations(range(len(q))))
    group = [p for p in everything if (gram[np.ix_(p, p)] == gram).all()]
    seen: set[tuple[int, ...]] = set()
    classes = []
    for permutation in everything:
        if permutation not in seen:
            classes.append(permutation)
            seen.update(tuple(symmetry[k] for k in permutation) for symmetry in group)
    return np.array(classes, dtype=np.intp)
