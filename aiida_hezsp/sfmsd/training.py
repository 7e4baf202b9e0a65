"""Train an SF-MSD model: clean the table, search the parameters, fit, and measure (paper, section 4.4)."""

import platform
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from aiida_hezsp.errors import TableError
from aiida_hezsp.sfmsd.balance import SplitStep, clean_table
from aiida_hezsp.sfmsd.importance import permutation_importances
from aiida_hezsp.sfmsd.intervals import Calibration, Intervals, attainable
from aiida_hezsp.sfmsd.metrics import Metrics, measure
from aiida_hezsp.sfmsd.models import Kind, Problem, kind_of
from aiida_hezsp.sfmsd.search import Found, search
from aiida_hezsp.sfmsd.sisso.candidates import SissoSearch
from aiida_hezsp.sfmsd.table import TRAIN, TrainingTable, feature_matrix
from aiida_hezsp.sfmsd.trained import CrossValidation, Description, Probe, TrainedModel

__all__ = ("MIN_ROWS", "TrainSettings", "number_of_folds", "train")

Floats = NDArray[np.float64]
Say = Callable[[str], None]

MIN_ROWS = 4
"""Fewest rows that two folds of two can be made of."""

N_PROBES = 5


class TrainSettings(BaseModel):
    """How to train; the defaults are the paper's where it states them (100 iterations, 200 A^2).

    `splits` make named test sets out of the training rows, one after the other; `interval_neighbours` are those that
    the width of an interval depends on (0: one width for all); `sisso` is read by that kind alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: str = "GB"
    search_iterations: Annotated[int, Field(ge=1, le=100_000)] = 100
    cv: Annotated[int, Field(ge=2, le=1000)] = 5
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    coverage: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.9
    interval_neighbours: Annotated[int, Field(ge=0, le=1000)] = 20
    splits: tuple[SplitStep, ...] = ()
    max_target: Annotated[float, Field(gt=0.0)] | None = 200.0
    sisso: SissoSearch = SissoSearch()
    threads: Annotated[int, Field(ge=1, le=1024)] = 1


def _silent(_: str) -> None:
    """Tell nobody."""


def train(
    table: TrainingTable | dict[str, Any], settings: TrainSettings | None = None, say: Say = _silent
) -> TrainedModel:
    """Train one kind of regressor on the split ``train`` of a table and measure it on every split.

    Parameters are found by a seeded randomised search, scored by the cross-validated RMSE. The same seed, table and
    versions give the same model, whatever the number of threads.

    Args:
        table: rows with features, targets and splits; a dictionary is checked first.
        settings: see `TrainSettings`.
        say: hears what the training costs, where that is known, and how far it is.

    Raises:
        TableError: the table is malformed, or fewer than `MIN_ROWS` rows are left to train on.
        CostError: no setting of SISSO is affordable.
    """
    settings = settings or TrainSettings()
    kind = kind_of(settings.kind)
    checked = table if isinstance(table, TrainingTable) else TrainingTable.from_dict(table)
    cleaned, removed = clean_table(checked, settings.max_target, settings.splits)
    x, y = _training_arrays(cleaned)
    found, estimator = _fit(kind, settings, cleaned, x, y, say)
    calibration = Calibration.of(x, y - found.validation, settings.interval_neighbours)
    intervals, coverage = Intervals(calibration), attainable(settings.coverage, len(y))
    description = Description(
        kind=kind.name,
        feature_set=cleaned.feature_set,
        columns=cleaned.columns,
        target=cleaned.target,
        coverage=coverage,
        half_width=intervals.half_width(coverage),
        domain=_domain(cleaned.names, x),
        parameters=_plain(found.parameters),
        metrics=_metrics(estimator, cleaned),
        noise_floor=_noise_floor(cleaned),
        held=_held(estimator, intervals, coverage, cleaned),
        cross_validation=_cross_validation(settings, found, y),
        importances=permutation_importances(estimator, x, y, cleaned.names, settings.seed, settings.threads),
        removed=tuple(removed),
        max_target=settings.max_target,
        splits=settings.splits,
        formula=None if kind.trees else estimator.text(),
        training_labels=tuple(row.label for row in cleaned.of(TRAIN)),
        seed=settings.seed,
        versions=_versions(),
        probe=_probe(estimator, x),
        calibration=calibration,
    )
    return TrainedModel(estimator, description)


def number_of_folds(n_rows: int, wanted: int) -> int:
    """Return how many folds to use: the wanted number, or fewer so that each holds two rows at least."""
    return max(2, min(wanted, n_rows // 2))


def _training_arrays(table: TrainingTable) -> tuple[Floats, Floats]:
    """Return features (rows, features) and targets (rows,) of the training split, checked."""
    if (n_rows := len(table.of(TRAIN))) < MIN_ROWS:
        raise TableError(f"{n_rows} rows are left to train on: at least {MIN_ROWS} are needed")
    x, y = _arrays(table, TRAIN)
    if np.ptp(y) == 0.0:
        raise TableError(f"all {len(y)} training targets are {y[0]:g}: there is nothing to learn")
    return x, y


def _fit(
    kind: Kind, settings: TrainSettings, table: TrainingTable, x: Floats, y: Floats, say: Say
) -> tuple[Found, Any]:
    """Search the parameters and fit the best; return what was found and the fitted estimator."""
    folds = number_of_folds(len(y), settings.cv)
    problem = Problem(settings.seed, table.columns, len(y), folds, settings.search_iterations, settings.sisso)
    prepared = kind.prepare(kind, problem)
    for remark in prepared.remarks:
        say(remark)
    found = search(
        prepared,
        x,
        y,
        iterations=settings.search_iterations,
        folds=folds,
        seed=settings.seed,
        processes=settings.threads,
        say=say,
    )
    return found, found.estimator.fit(x, y)


def _cross_validation(settings: TrainSettings, found: Found, y: Floats) -> CrossValidation:
    """Return how the parameters were found and the errors out of fold."""
    return CrossValidation(
        folds=number_of_folds(len(y), settings.cv),
        iterations=found.tried,
        rmse_of_search=found.rmse,
        out_of_fold=measure(y, found.validation),
    )


def _arrays(table: TrainingTable, split: str) -> tuple[Floats, Floats]:
    """Return features (rows, features) and targets (rows,) of a split."""
    rows = table.of(split)
    return feature_matrix([row.features for row in rows], table.names), np.array([row.target for row in rows])


def _metrics(estimator: Any, table: TrainingTable) -> dict[str, Metrics]:
    """Return the errors on every split, ``train`` first."""
    found = {}
    for split in sorted(table.splits, key=lambda name: name != TRAIN):
        x, y = _arrays(table, split)
        found[split] = measure(y, estimator.predict(x))
    return found


def _held(estimator: Any, intervals: Intervals, coverage: float, table: TrainingTable) -> dict[str, float]:
    """Return by split, but for ``train``, the share of targets that lie in the intervals around their predictions."""
    held = {}
    for split in table.splits:
        if split != TRAIN:
            x, y = _arrays(table, split)
            low, high = intervals.around(estimator.predict(x), x, coverage, lowest=0.0)
            held[split] = float(((low <= y) & (y <= high)).mean())
    return held


def _noise_floor(table: TrainingTable) -> dict[str, float | None]:
    """Return by split the RMS standard error of the targets: no RMSE can honestly be smaller. None if unknown."""
    floor: dict[str, float | None] = {}
    for split in table.splits:
        errors = [row.target_error for row in table.of(split)]
        known = [error for error in errors if error is not None]
        floor[split] = float(np.sqrt(np.mean(np.square(known)))) if len(known) == len(errors) else None
    return floor


def _domain(names: tuple[str, ...], x: Floats) -> dict[str, tuple[float, float]]:
    """Return the range of every feature in the training rows."""
    return {name: (float(x[:, k].min()), float(x[:, k].max())) for k, name in enumerate(names)}


def _plain(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return parameters as plain Python values."""
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in parameters.items()}


def _probe(estimator: Any, x: Floats) -> Probe:
    """Return a few training rows with their predictions."""
    rows = x[:N_PROBES]
    return Probe(features=tuple(map(tuple, rows.tolist())), predictions=tuple(estimator.predict(rows).tolist()))


def _versions() -> dict[str, str]:
    """Return the versions that a model depends on."""
    names = ("aiida-hezsp", "scikit-learn", "skops", "numpy", "crepes")
    return {"python": platform.python_version()} | {name: version(name) for name in names}
