"""The iterations of SISSO: screen with the residual, choose the best model, screen with what it leaves."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.sfmsd.sisso.models import SissoModel, fit_linear
from aiida_hezsp.sfmsd.sisso.screening import Pool, Screened, centred_unit, screen
from aiida_hezsp.sfmsd.sisso.space import FeatureSpace
from aiida_hezsp.sfmsd.sisso.sparsify import Selection, Subspace, select

__all__ = ("Found", "SearchSettings", "search")

Floats = NDArray[np.float64]

EXPLAINED = 1e-10
"""A residual this small against the target's deviation is rounding: the search ends."""

EVERY = 2.0  # seconds between lines of progress


@dataclass(frozen=True)
class SearchSettings:
    """What a search needs of the estimator's parameters; see there."""

    dimension: int
    subspace_size: int
    metric: str
    value_limits: tuple[float, float]
    max_correlation: float
    n_residuals: int
    max_fits: int


@dataclass(frozen=True)
class Found:
    """What a search gives: a model for each dimension from 0 on, feature counts by complexity, the subspace's size."""

    models: list[SissoModel]
    feature_counts: tuple[int, ...]
    screened: int


def search(space: FeatureSpace, x: Floats, y: Floats, settings: SearchSettings, say: Callable[[str], None]) -> Found:
    """Return the models of a table (samples, features) and its target (samples,).

    Fewer dimensions than asked for come back if a model leaves nothing to explain, or the features run out.
    """
    models = [fit_linear(x, y, ())]
    members: list[Screened] = []
    scale = float(np.linalg.norm(y - y.mean()))
    residuals = [y - y.mean()] if scale > 0.0 else []
    counts: list[int] = []
    for dimension in range(1, settings.dimension + 1):
        if not residuals:
            break
        pool = Pool(settings.subspace_size, _values(members, len(y)), settings.max_correlation)
        standard = np.array([centred_unit(residual) for residual in residuals])
        counts = screen(space, pool, standard, settings.value_limits, _screening(say, dimension))
        members += pool.members
        if len(members) < dimension:
            break
        selection = _select(members, y, dimension, settings, say)
        if not len(selection.combinations):
            break
        fitted = [_fit(x, y, members, row) for row in selection.combinations]
        models.append(fitted[0])
        residuals = [left for model in fitted if np.linalg.norm(left := y - model.predict(x)) > EXPLAINED * scale]
        if len(residuals) < len(fitted):
            residuals = []
    return Found(models, tuple(counts), len(members))


def _select(
    members: list[Screened], y: Floats, dimension: int, settings: SearchSettings, say: Callable[[str], None]
) -> Selection:
    """Choose the best models among all members."""
    tell = _throttled(say, lambda done, total: f"dimension {dimension}: {done:,} of {total:,} models tried")
    subspace = Subspace(_values(members, len(y)), y)
    return select(subspace, dimension, settings.metric, settings.n_residuals, settings.max_fits, tell)


def _fit(x: Floats, y: Floats, members: list[Screened], row: NDArray[np.int64]) -> SissoModel:
    return fit_linear(x, y, [members[i].expression for i in row])


def _values(members: list[Screened], n_samples: int) -> Floats:
    return np.array([member.values for member in members]).reshape(len(members), n_samples)


def _screening(say: Callable[[str], None], dimension: int) -> Callable[[int, int], None]:
    return _throttled(say, lambda level, seen: f"dimension {dimension}: {seen:,} features of complexity {level} seen")


def _throttled(say: Callable[[str], None], line: Callable[[int, int], str]) -> Callable[[int, int], None]:
    """Return what says a line, but not more often than every two seconds."""
    last = monotonic()

    def tell(first: int, second: int) -> None:
        nonlocal last
        if monotonic() - last >= EVERY:
            last = monotonic()
            say(line(first, second))

    return tell
