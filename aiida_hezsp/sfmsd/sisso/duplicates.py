"""Which features are equal to an earlier one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.sfmsd.sisso.compiled import compiled

__all__ = ("first_of_equals",)

TOLERANCE = 1e-10
_SEED = 20180807


def first_of_equals(parts: Sequence[NDArray[np.float64]]) -> NDArray[np.bool_]:
    """Return for each row of the stacked parts (rows, samples) whether no earlier row has the same values.

    Same means: everywhere within 1e-10 of the row's largest value. Rows are sorted by the projection of their
    direction on a fixed random one, so that only neighbours need be compared.
    """
    values = np.concatenate(list(parts)) if len(parts) > 1 else parts[0]
    if len(values) == 0:
        return np.empty(0, dtype=bool)
    peaks = np.abs(values).max(axis=1)
    direction = np.random.default_rng(_SEED).uniform(0.5, 1.5, size=values.shape[1])
    keys = (values / peaks[:, None] @ direction) / values.shape[1]
    order = np.argsort(keys, kind="stable")
    first = np.ones(len(values), dtype=bool)
    _mark(values, peaks, keys, order, first)
    return first


@compiled
def _mark(
    values: NDArray[np.float64],
    peaks: NDArray[np.float64],
    keys: NDArray[np.float64],
    order: NDArray[np.int64],
    first: NDArray[np.bool_],
) -> None:
    """Mark rows that equal an earlier one."""
    for place in range(order.size):
        i = order[place]
        for later in range(place + 1, order.size):
            j = order[later]
            if keys[j] - keys[i] > 4.0 * TOLERANCE:
                break
            limit = TOLERANCE * max(peaks[i], peaks[j])
            if abs(peaks[i] - peaks[j]) > limit:
                continue
            same = True
            for k in range(values.shape[1]):
                if not abs(values[i, k] - values[j, k]) <= limit:
                    same = False
                    break
            if same:
                first[max(i, j)] = False
