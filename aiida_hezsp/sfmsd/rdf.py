"""First peak of a smeared radial distribution function: a bond length that is not quantised."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aiida_hezsp.errors import StructureError

__all__ = ("SIGMA", "first_peak", "smeared_rdf")

Floats = NDArray[np.float64]

SIGMA = 0.5
"""Width of the Gaussian kernel in A (paper, section 4.4; the unit is vasppy's)."""

STEP = 0.01
"""Spacing in A of the grid that brackets the maximum; the maximum itself is then found on the exact curve."""


def smeared_rdf(distances: ArrayLike, radii: ArrayLike, sigma: float = SIGMA) -> Floats:
    """Return g(r) of one structure, convolved with a Gaussian, up to a constant factor.

    g(r) = sum_k d_k^-2 N(r; d_k, sigma): what vasppy's histogram of pairs over shell volumes, smeared, becomes when
    its bins are infinitely fine.

    Args:
        distances: (pairs,) in A, positive.
        radii: (n,) in A.
        sigma: standard deviation of the kernel in A.

    Returns:
        (n,), proportional to the radial distribution function.
    """
    d, r = np.asarray(distances, dtype=np.float64), np.asarray(radii, dtype=np.float64)
    kernel = np.exp(-0.5 * ((r[:, None] - d[None, :]) / sigma) ** 2)
    values: Floats = kernel @ d**-2.0
    return values


def first_peak(distances: ArrayLike, sigma: float = SIGMA, limit: float = 4.0) -> float:
    """Return the position of the first maximum of the smeared RDF in A.

    Below the shortest distance every term of g rises, so that the first maximum lies above it: the search starts
    there, and nothing near r = 0 can be taken for a peak. A grid brackets the maximum; bisection of the exact
    derivative then places it to 1e-9 A.

    Args:
        distances: (pairs,) in A, all pairs up to 4 sigma beyond `limit`.
        sigma: standard deviation of the kernel in A.
        limit: where the search ends, in A.

    Raises:
        StructureError: there are no pairs, or the first maximum is not below the limit.
    """
    d = np.asarray(distances, dtype=np.float64)
    if d.size == 0 or d.min() <= 0.0:
        raise StructureError("a radial distribution function needs pairs of atoms at positive distances")
    grid = np.arange(d.min(), limit + STEP, STEP)
    falling = np.flatnonzero(_derivative(d, grid, sigma) < 0.0)
    if falling.size == 0:
        raise StructureError(f"the radial distribution function has no maximum below {limit:g} A")
    low, high = grid[max(falling[0] - 1, 0)], grid[falling[0]]
    while high - low > 1e-9:  # noqa: PLR2004 - far below any meaning
        middle = 0.5 * (low + high)
        if _derivative(d, np.array([middle]), sigma)[0] < 0.0:
            high = middle
        else:
            low = middle
    return float(0.5 * (low + high))


def _derivative(d: Floats, r: Floats, sigma: float) -> Floats:
    """Return dg/dr, up to a positive constant factor, at the radii r."""
    shift = d[None, :] - r[:, None]
    values: Floats = (shift * np.exp(-0.5 * (shift / sigma) ** 2)) @ d**-2.0
    return values
