"""The sparsifying operator: the best model of d features out of those that were screened."""

from collections.abc import Callable
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.sfmsd.sisso.combinations import METRIC_CODES, enumerate_combinations, extend, judge
from aiida_hezsp.sfmsd.sisso.cost import BEAM

__all__ = ("Selection", "Subspace", "select")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHUNK = 20_000_000
TIE = 1e-12


@dataclass(frozen=True)
class Selection:
    """The best models, best first.

    Attributes:
        combinations: (models, d), columns of the subspace.
        values: (models,) their metric.
        exact: whether every combination was tried.
        fits: how many were.
    """

    combinations: Ints
    values: Floats
    exact: bool
    fits: int


class Subspace:
    """Screened features (S, samples), standardised, the centred target (samples,), and their products."""

    def __init__(self, features: Floats, y: Floats) -> None:
        self.features = np.ascontiguousarray(features)
        self.y = y - y.mean()
        self.gram = self.features @ self.features.T
        self.target = self.features @ self.y

    def __len__(self) -> int:
        return len(self.features)

    def judge(self, trials: Ints, metric: str) -> Floats:
        """Return the metric of each combination (trials, d)."""
        values = np.empty(len(trials))
        judge(self.features, self.y, self.gram, self.target, METRIC_CODES[metric], trials, values)
        return values


def select(
    subspace: Subspace, dimension: int, metric: str, keep: int, max_fits: int, tell: Callable[[int, int], None]
) -> Selection:
    """Return the best models of `dimension` features.

    Up to `max_fits` combinations all are tried. Beyond, a beam: the best 2000 models of one feature less, by sum of
    squares, are extended by every feature; then single features of the best are exchanged while that helps.
    """
    total = comb(len(subspace), dimension)
    if total <= max_fits:
        return _exact(subspace, dimension, metric, keep, total, tell)
    return _beam(subspace, dimension, metric, keep, max_fits)


def _exact(
    subspace: Subspace, dimension: int, metric: str, keep: int, total: int, tell: Callable[[int, int], None]
) -> Selection:
    """Try all combinations."""
    best = np.full(keep, np.inf)
    combinations = np.zeros((keep, dimension), dtype=np.int64)
    chosen = np.arange(dimension, dtype=np.int64)
    tried = 0
    while chosen[0] >= 0:
        tried += enumerate_combinations(
            subspace.features, subspace.y, subspace.gram, subspace.target, METRIC_CODES[metric],
            chosen, CHUNK, best, combinations,
        )  # fmt: skip
        tell(tried, total)
    found = np.isfinite(best)
    return Selection(combinations[found], best[found], exact=True, fits=tried)


def _beam(subspace: Subspace, dimension: int, metric: str, keep: int, max_fits: int) -> Selection:
    """Extend the best models feature by feature."""
    tss = float(subspace.y @ subspace.y)
    beam = np.zeros((1, 0), dtype=np.int64)
    width = max(keep, min(BEAM, max_fits // (len(subspace) * dimension) + 1))
    fits = 0
    for _ in range(dimension):
        values = np.empty((len(beam), len(subspace)))
        extend(subspace.gram, subspace.target, tss, beam, values)
        fits += values.size
        beam = _best_distinct(beam, values, width)
    order = np.argsort(scores := subspace.judge(beam, metric), kind="stable")[:keep]
    best, score = beam[order], scores[order]
    improved = [_exchange(subspace, model, metric) for model in best[:10]]
    fits += sum(count for _, _, count in improved)
    best = np.concatenate([np.array([model for model, _, _ in improved], dtype=np.int64), best])
    score = np.concatenate([np.array([value for _, value, _ in improved]), score])
    _, first = np.unique(best, axis=0, return_index=True)
    ranked = sorted(first, key=lambda i: (score[i], *best[i]))[:keep]
    return Selection(best[ranked], score[ranked], exact=False, fits=fits)


def _best_distinct(beam: Ints, values: Floats, width: int) -> Ints:
    """Return the best extended models, each once, their features in increasing order."""
    order = np.argsort(values, axis=None, kind="stable")[: width * (beam.shape[1] + 1)]
    rows, columns = np.unravel_index(order, values.shape)
    finite = np.isfinite(values[rows, columns])
    models = np.sort(np.column_stack([beam[rows], columns])[finite], axis=1)
    _, first = np.unique(models, axis=0, return_index=True)
    chosen: Ints = models[np.sort(first)[:width]]
    return chosen


def _exchange(subspace: Subspace, model: Ints, metric: str) -> tuple[Ints, float, int]:
    """Exchange one feature at a time for the one that helps most; return model, metric and number of fits."""
    value, fits = float(subspace.judge(model[None], metric)[0]), 0
    while True:
        trials = np.repeat(model[None], len(model) * len(subspace), axis=0)
        places = np.repeat(np.arange(len(model)), len(subspace))
        trials[np.arange(len(trials)), places] = np.tile(np.arange(len(subspace)), len(model))
        trials = np.sort(trials, axis=1)
        values = subspace.judge(trials, metric)
        fits += len(trials)
        best = int(np.argmin(values))
        if not values[best] < value * (1.0 - TIE):
            return model, value, fits
        model, value = trials[best], float(values[best])
