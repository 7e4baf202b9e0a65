"""Compiled loops over combinations of features: least squares from the Gram matrix, judged by a metric."""

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.sfmsd.sisso.compiled import compiled

__all__ = ("METRIC_CODES", "enumerate_combinations", "extend", "judge")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

METRIC_MAX = 2
METRIC_CODES = {"RMSE": 0, "MAE": 1, "MaxAE": METRIC_MAX}

STRIDE = 16  # samples between looks at whether a model can still be among the best

SINGULAR = 1e-11
"""Squared pivot (sine of the angle to those before) below which a combination is linearly dependent."""


@compiled
def _add_row(gram: Floats, target: Floats, chosen: Ints, t: int, lower: Floats, z: Floats, rss: Floats) -> bool:
    """Extend the Cholesky factor by chosen[t]; False where it depends on those before."""
    c = chosen[t]
    pivot = gram[c, c]
    for u in range(t):
        value = gram[c, chosen[u]]
        for v in range(u):
            value -= lower[t, v] * lower[u, v]
        value /= lower[u, u]
        lower[t, u] = value
        pivot -= value * value
    if not pivot > SINGULAR:
        return False
    lower[t, t] = np.sqrt(pivot)
    value = target[c]
    for u in range(t):
        value -= lower[t, u] * z[u]
    z[t] = value / lower[t, t]
    rss[t + 1] = rss[t] - z[t] * z[t]
    return True


@compiled
def _residuals(features: Floats, y: Floats, chosen: Ints, w: Floats, first: int, last: int, e: Floats) -> None:
    """Write the residuals of samples first to last."""
    for k in range(first, last):
        e[k] = y[k]
    for t in range(chosen.size):
        for k in range(first, last):
            e[k] -= w[t] * features[chosen[t], k]


@compiled
def _max_error(features: Floats, y: Floats, chosen: Ints, w: Floats, limit: float, e: Floats) -> float:
    """Return the largest absolute residual, or infinity as soon as one is not below the limit."""
    largest = 0.0
    for first in range(0, y.size, STRIDE):
        last = min(first + STRIDE, y.size)
        _residuals(features, y, chosen, w, first, last, e)
        for k in range(first, last):
            largest = max(largest, abs(e[k]))
        if not largest < limit:
            return np.inf
    return largest


@compiled
def _metric(
    metric: int,
    features: Floats,
    y: Floats,
    chosen: Ints,
    lower: Floats,
    z: Floats,
    limit: float,
    w: Floats,
    e: Floats,
) -> float:
    """Return the metric of the least-squares model of a factorised combination; maybe infinity if above the limit."""
    d = chosen.size
    n = y.size
    for t in range(d - 1, -1, -1):
        value = z[t]
        for u in range(t + 1, d):
            value -= lower[u, t] * w[u]
        w[t] = value / lower[t, t]
    if metric == METRIC_MAX:
        return _max_error(features, y, chosen, w, limit, e)
    _residuals(features, y, chosen, w, 0, n, e)
    total = 0.0
    for k in range(n):
        total += e[k] * e[k] if metric == 0 else abs(e[k])
    return float(np.sqrt(total / n)) if metric == 0 else total / n


@compiled
def _bound(metric: int, rss: float, n: int) -> float:
    """Return what the metric cannot be below: MaxAE >= RMSE, and MAE >= |e| / n."""
    root = float(np.sqrt(max(rss, 0.0)) * (1.0 - 1e-6))
    return root / n if metric == 1 else root / float(np.sqrt(n))


@compiled
def _insert(value: float, chosen: Ints, best: Floats, combinations: Ints) -> None:
    """Put a model into the sorted list of the best; of equals the earlier stays ahead."""
    if not value < best[-1]:
        return
    place = best.size - 1
    while place > 0 and value < best[place - 1]:
        best[place] = best[place - 1]
        combinations[place] = combinations[place - 1]
        place -= 1
    best[place] = value
    combinations[place] = chosen


@compiled
def enumerate_combinations(
    features: Floats,
    y: Floats,
    gram: Floats,
    target: Floats,
    metric: int,
    chosen: Ints,
    budget: int,
    best: Floats,
    combinations: Ints,
) -> int:
    """Try combinations in lexicographic order, starting with `chosen`, which is moved on.

    Args:
        features: (S, samples), centred, of length 1; `gram` their products, `target` theirs with y (centred).
        chosen: (d,) increasing; on return the next one, or chosen[0] = -1 when all have been tried.
        budget: how many to try.
        best, combinations: (m,) and (m, d): the best so far, sorted.

    Returns:
        How many were tried.
    """
    size, n = features.shape
    d = chosen.size
    lower, z, rss = np.zeros((d, d)), np.zeros(d), np.zeros(d + 1)
    w, e = np.zeros(d), np.zeros(n)
    for k in range(n):
        rss[0] += y[k] * y[k]
    tried = 0
    t = 0
    while tried < budget:
        sound = True
        while t < d and sound:
            sound = _add_row(gram, target, chosen, t, lower, z, rss)
            t += 1
        if t == d:
            tried += 1
            if sound and _bound(metric, rss[d], n) < best[-1]:
                _insert(_metric(metric, features, y, chosen, lower, z, best[-1], w, e), chosen, best, combinations)
        t -= 1  # move on the last one looked at; what follows a dependent one is skipped
        while t >= 0 and chosen[t] >= size - d + t:
            t -= 1
        if t < 0:
            chosen[0] = -1
            return tried
        chosen[t] += 1
        for u in range(t + 1, d):
            chosen[u] = chosen[u - 1] + 1
    return tried


@compiled
def judge(features: Floats, y: Floats, gram: Floats, target: Floats, metric: int, trials: Ints, values: Floats) -> None:
    """Write the metric of each combination in `trials` (trials, d) to `values`; infinite where dependent."""
    d = trials.shape[1]
    n = y.size
    lower, z, rss = np.zeros((d, d)), np.zeros(d), np.zeros(d + 1)
    w, e = np.zeros(d), np.zeros(n)
    for i in range(trials.shape[0]):
        t = 0
        sound = True
        while t < d and sound:
            sound = _add_row(gram, target, trials[i], t, lower, z, rss)
            t += 1
        values[i] = _metric(metric, features, y, trials[i], lower, z, np.inf, w, e) if sound else np.inf


@compiled
def extend(gram: Floats, target: Floats, tss: float, beam: Ints, values: Floats) -> None:
    """Write the residual sum of squares of each model of a beam (m, d) with each feature added, (m, S)."""
    m, d = beam.shape
    lower, z, rss = np.zeros((d + 1, d + 1)), np.zeros(d + 1), np.zeros(d + 2)
    rss[0] = tss
    chosen = np.zeros(d + 1, dtype=np.int64)
    for i in range(m):
        sound = True
        for t in range(d):
            chosen[t] = beam[i, t]
            sound = sound and _add_row(gram, target, chosen, t, lower, z, rss)
        for c in range(gram.shape[0]):
            chosen[d] = c
            values[i, c] = np.inf
            if sound and _add_row(gram, target, chosen, d, lower, z, rss):
                values[i, c] = rss[d + 1]
