"""The search of hyper-parameters: randomised, cross-validated, seeded, and telling how far it is."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.sfmsd.models import Prepared

__all__ = ("Found", "search")

Floats = NDArray[np.float64]
Say = Callable[[str], None]

QUICK = 20.0
"""Seconds on one core below which a search is not worth starting processes for."""

CHUNKS = 20
"""Groups of candidates after each of which a line may be said."""


@dataclass(frozen=True)
class Found:
    """What a search gives.

    Attributes:
        estimator: unfitted, with the best parameters.
        parameters: the best ones of those searched.
        rmse: their cross-validated RMSE.
        tried: number of candidates.
        validation: out-of-fold predictions (rows,) of the best.
    """

    estimator: Any
    parameters: dict[str, Any]
    rmse: float
    tried: int
    validation: Floats


def search(
    prepared: Prepared, x: Floats, y: Floats, *, iterations: int, folds: int, seed: int, processes: int, say: Say
) -> Found:
    """Draw candidates, score each by its cross-validated RMSE, and return the best with its out-of-fold predictions.

    The result does not depend on the number of processes.

    Args:
        prepared: estimator and search space.
        x, y: (rows, features) and (rows,).
        iterations: candidates; fewer if the space is a list of fewer.
        folds: of the cross-validation.
        seed: of draw and folds.
        processes: at most so many at once.
        say: hears a line now and then.
    """
    from sklearn.base import clone
    from sklearn.model_selection import KFold, cross_val_predict

    splitter = KFold(folds, shuffle=True, random_state=seed)
    jobs = 1 if prepared.seconds is not None and prepared.seconds < QUICK else processes
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # fewer candidates than iterations; rows a SISSO model lacks
        finished = _run(prepared, x, y, _options(iterations, splitter, seed, jobs), say)
        best = clone(prepared.estimator).set_params(**finished.best_params_)
        validation = cross_val_predict(best, x, y, cv=splitter, n_jobs=jobs)
    tried = len(finished.cv_results_["params"])
    parameters = dict(finished.best_params_)
    return Found(best, parameters, float(-finished.best_score_), tried, np.asarray(validation, dtype=np.float64))


def _options(iterations: int, splitter: Any, seed: int, jobs: int) -> dict[str, Any]:
    """Return the options of the search."""
    return {
        "n_iter": iterations,
        "scoring": "neg_root_mean_squared_error",
        "cv": splitter,
        "random_state": seed,
        "n_jobs": jobs,
        "error_score": "raise",
        "refit": False,
    }


def _run(prepared: Prepared, x: Floats, y: Floats, options: dict[str, Any], say: Say) -> Any:
    """Return the finished search; candidates are handed to scikit-learn in groups, with a line between them."""
    from sklearn.model_selection import ParameterSampler, RandomizedSearchCV

    class ToldSearch(RandomizedSearchCV):  # type: ignore[misc]
        """RandomizedSearchCV that tells how far it is."""

        def _run_search(self, evaluate_candidates: Callable[[list[dict[str, Any]]], Any]) -> None:
            drawn = list(ParameterSampler(self.param_distributions, self.n_iter, random_state=self.random_state))
            size = max(1, -(-len(drawn) // CHUNKS))
            begin = last = time.perf_counter()
            for start in range(0, len(drawn), size):
                results = evaluate_candidates(drawn[start : start + size])
                done, now = min(start + size, len(drawn)), time.perf_counter()
                if done < len(drawn) and now - last >= EVERY:
                    last = now
                    say(_line(done, len(drawn), now - begin, -max(results["mean_test_score"])))

    return ToldSearch(prepared.estimator, prepared.space, **options).fit(x, y)


EVERY = 5.0  # seconds between two lines at least


def _line(done: int, total: int, seconds: float, best: float) -> str:
    """Return how far a search is."""
    left = seconds / done * (total - done)
    return f"{done} of {total} candidates, best RMSE {best:.2f}, about {left:.0f} s left"
