"""Intervals around predictions, from the residuals of cross-validation."""

import math

import numpy as np
from numpy.typing import ArrayLike

__all__ = ("half_width",)


def half_width(residuals: ArrayLike, coverage: float) -> tuple[float, float]:
    """Return the half width of a symmetric interval, and the coverage that so many residuals can support.

    The half width is the ceil((n + 1) coverage)-th smallest absolute residual, i.e. the coverage (1 + 1/n) quantile:
    with residuals exchangeable with the new error, the interval prediction +- half width holds the target with at
    least that probability (conformal prediction; Lei et al., J. Am. Stat. Assoc. 113, 1094 (2018)). Residuals of
    cross-validation, each predicted by a model that has not seen the row, are only nearly that: the final model is
    trained on all rows (a little better), and its parameters were chosen on the same folds (a little optimistic).
    Where n is too small for the coverage, the largest residual is taken and the coverage is n / (n + 1).

    Args:
        residuals: (n,), out of fold, in the unit of the target.
        coverage: wanted, between 0 and 1.
    """
    sizes = np.sort(np.abs(np.asarray(residuals, dtype=np.float64)))
    # The tolerance keeps 0.9 * 10 = 9.000000000000002 from asking for the 10th.
    rank = math.ceil((len(sizes) + 1) * coverage - 1e-9)
    if rank > len(sizes):
        return float(sizes[-1]), len(sizes) / (len(sizes) + 1)
    return float(sizes[max(rank, 1) - 1]), coverage
