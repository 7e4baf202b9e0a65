"""Active learning: which compositions get the next MD runs, by predicted value and uncertainty instead of at random."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aiida_hezsp.errors import SettingsError

__all__ = ("ACQUISITIONS", "Acquisition", "AcquisitionRule", "choose_next", "committee", "scores")

Acquisition = Literal["random", "greedy", "ucb", "ei"]
ACQUISITIONS: tuple[str, ...] = get_args(Acquisition)
Floats = NDArray[np.float64]

# Small trees and few: a committee is trained anew in every round, on tens of rows.
TREES, BOOSTED, ROUNDS_OF_BOOSTING, DEPTH = 100, 5, 50, 3


@dataclass(frozen=True)
class AcquisitionRule:
    """How to choose: `acquisition`, the weight `kappa` of the deviation in the upper confidence bound, and `seed`."""

    acquisition: str = "ucb"
    kappa: float = 1.0
    seed: int = 1

    def __post_init__(self) -> None:
        """Check the name and the weight."""
        if self.acquisition not in ACQUISITIONS:
            raise SettingsError(f"unknown acquisition {self.acquisition!r}: {', '.join(ACQUISITIONS)} are known")
        if self.kappa < 0.0:
            raise SettingsError(f"kappa is {self.kappa:g}: it may not be negative")


def committee(x: ArrayLike, y: ArrayLike, candidates: ArrayLike, seed: int = 1) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of the predictions of a committee of GB and RF, (candidates,) each.

    The committee is a mixture of two kinds with half the weight each: a forest's trees, and gradient boosting trained
    on bootstrap samples. Its mean is that of both kinds' means, its variance half the variance of each kind's members
    plus a quarter of the squared difference of the two means.

    Args:
        x: (rows, features) of the known.
        y: (rows,) targets.
        candidates: (candidates, features).
        seed: of both.
    """
    from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor

    known, targets, unknown = (np.asarray(values, dtype=np.float64) for values in (x, y, candidates))
    forest = RandomForestRegressor(n_estimators=TREES, random_state=seed).fit(known, targets)
    trees = np.array([tree.predict(unknown) for tree in forest.estimators_])
    rng = np.random.default_rng(seed)
    samples = [rng.integers(len(targets), size=len(targets)) for _ in range(BOOSTED)]
    boosted = np.array(
        [
            GradientBoostingRegressor(
                n_estimators=ROUNDS_OF_BOOSTING, max_depth=DEPTH, subsample=0.7, random_state=seed + number
            )
            .fit(known[rows], targets[rows])
            .predict(unknown)
            for number, rows in enumerate(samples)
        ]
    )
    first, second = trees.mean(axis=0), boosted.mean(axis=0)
    variance = 0.5 * (trees.var(axis=0) + boosted.var(axis=0)) + 0.25 * (first - second) ** 2
    return 0.5 * (first + second), np.sqrt(variance)


def scores(acquisition: str, mean: ArrayLike, deviation: ArrayLike, best: float, kappa: float = 1.0) -> Floats:
    """Return how much a run of each candidate is worth, (candidates,); the largest is chosen.

    - ``greedy``: the predicted value.
    - ``ucb``: upper confidence bound, mean + kappa deviation (Auer, J. Mach. Learn. Res. 3, 397 (2002)).
    - ``ei``: expected improvement over `best`, for a normal distribution (Jones et al., J. Glob. Optim. 13, 455, 1998).

    Args:
        acquisition: one of these.
        mean: (candidates,) predicted.
        deviation: (candidates,) of the prediction.
        best: largest value known.
        kappa: weight of the deviation in ``ucb``.

    Raises:
        SettingsError: the acquisition has no score.
    """
    from scipy.stats import norm

    value, width = np.asarray(mean, dtype=np.float64), np.asarray(deviation, dtype=np.float64)
    if acquisition == "greedy":
        return value
    if acquisition == "ucb":
        return np.asarray(value + kappa * width)
    if acquisition == "ei":
        gain, safe = value - best, np.where(width > 0.0, width, 1.0)
        expected = gain * norm.cdf(gain / safe) + safe * norm.pdf(gain / safe)
        return np.asarray(np.where(width > 0.0, expected, np.maximum(gain, 0.0)))
    raise SettingsError(f"acquisition {acquisition!r} has no score: greedy, ucb and ei have one")


def choose_next(x: ArrayLike, y: ArrayLike, candidates: ArrayLike, n: int, rule: AcquisitionRule) -> list[int]:
    """Return the indices of the `n` candidates to run next, the best first; all where there are no more.

    With ``random``, and while fewer than two targets are known, the choice is a seeded draw.

    Args:
        x: (rows, features) of what has run.
        y: (rows,) its targets.
        candidates: (candidates, features) of what has not.
        n: how many.
        rule: how.
    """
    unknown, targets = np.asarray(candidates, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if rule.acquisition == "random" or len(targets) < 2:  # noqa: PLR2004 - nothing to learn from
        return [int(index) for index in np.random.default_rng(rule.seed).permutation(len(unknown))[:n]]
    mean, deviation = committee(x, targets, unknown, rule.seed)
    worth = scores(rule.acquisition, mean, deviation, float(targets.max()), rule.kappa)
    return [int(index) for index in np.argsort(-worth, kind="stable")[:n]]
