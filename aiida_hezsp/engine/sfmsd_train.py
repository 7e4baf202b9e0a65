"""Job ``sfmsd-train``: train SF-MSD regressors on a table of features and targets."""

import time
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from aiida_hezsp.engine.files import read_json
from aiida_hezsp.engine.job_input import FileName, JobInput
from aiida_hezsp.engine.progress import say
from aiida_hezsp.errors import TableError
from aiida_hezsp.sfmsd.balance import SplitStep, clean_table
from aiida_hezsp.sfmsd.files import save_model
from aiida_hezsp.sfmsd.models import KINDS, kind_of
from aiida_hezsp.sfmsd.sisso.candidates import SissoSearch
from aiida_hezsp.sfmsd.table import TRAIN, TrainingTable
from aiida_hezsp.sfmsd.trained import TrainedModel
from aiida_hezsp.sfmsd.training import TrainSettings, number_of_folds, train

__all__ = ("SfmsdTrainInput", "run")


class SfmsdTrainInput(JobInput):
    """What ``input.json`` of the job holds; see `TrainSettings` for the meaning and limits of the settings.

    The search uses `threads` x `workers` processes. `splits` is a list of `SplitStep`, `sisso` a `SissoSearch`.
    """

    job: Literal["sfmsd-train"]
    table: FileName = "table.json"
    models: Annotated[tuple[str, ...], Field(min_length=1)] = tuple(KINDS)
    search_iterations: int = 100
    cv: int = 5
    seed: int = 1
    coverage: float = 0.9
    interval_neighbours: int = 20
    splits: tuple[SplitStep, ...] = ()
    max_target: float | None = 200.0
    sisso: SissoSearch = SissoSearch()

    @field_validator("models")
    @classmethod
    def _known(cls, models: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in models if name not in KINDS]:
            raise ValueError(f"unknown kind {unknown[0]!r}: {', '.join(KINDS)} are known")
        if len(set(models)) != len(models):
            raise ValueError("a kind is named twice")
        return models

    @model_validator(mode="after")
    def _settings_are_valid(self) -> Self:
        self.settings(self.models[0])
        return self

    def settings(self, kind: str) -> TrainSettings:
        """Return the settings of one kind."""
        values = {name: getattr(self, name) for name in TrainSettings.model_fields if name not in {"kind", "threads"}}
        return TrainSettings(**values, kind=kind, threads=self.threads * self.workers)


def run(inputs: SfmsdTrainInput, folder: Path) -> dict[str, Any]:
    """Train every kind, write its two files into the folder, return what ``output.json`` holds.

    The files are ``<kind>.json`` and ``<kind>.skops``, of SISSO ``SISSO.sisso``.

    Returns:
        By kind: `metrics` (by split), `cross_validation`, `parameters`, `importances`, `intervals`, `formulas` (SISSO).
        For all: `rows` (label, dataset, split as trained, target, its error, prediction of each kind and the interval
        around it), `removed`, `noise_floor` (by split), `target_mean` and `target_std` (of the rows trained on, A^2).

    Raises:
        TableError: the table cannot be read, is malformed, or leaves too few rows to train on.
        CostError: no setting of SISSO is within what a fit may cost.
    """
    table = TrainingTable.from_dict(read_json(folder / inputs.table, TableError))
    cleaned, removed = clean_table(table, inputs.max_target, inputs.splits)
    counts = ", ".join(f"{len(cleaned.of(split))} {split}" for split in cleaned.splits)
    say(f"sfmsd table: {len(cleaned.rows)} rows: {counts}")
    models: dict[str, TrainedModel] = {}
    for kind in inputs.models:
        models[kind] = _train_one(table, cleaned, inputs.settings(kind))
        save_model(models[kind], folder / f"{kind}{kind_of(kind).suffix}")
    targets = np.array([row.target for row in cleaned.of(TRAIN)])
    return {
        **_by_kind(models),
        "rows": _rows(cleaned, models),
        "removed": [removal.model_dump() for removal in removed],
        "noise_floor": models[inputs.models[0]].description.noise_floor,
        "target_mean": float(targets.mean()),
        "target_std": float(targets.std()),
    }


def _train_one(table: TrainingTable, cleaned: TrainingTable, settings: TrainSettings) -> TrainedModel:
    """Train one kind, saying so before and after."""
    n_rows = len(cleaned.of(TRAIN))
    folds = number_of_folds(n_rows, settings.cv)
    limit = "up to " if settings.kind == "SISSO" else ""
    say(f"sfmsd {settings.kind}: {limit}{settings.search_iterations} candidates x {folds} folds on {n_rows} rows")
    start = time.perf_counter()
    model = train(table, settings, lambda line: say(f"sfmsd {settings.kind}: {line}"))
    error = model.description.cross_validation.out_of_fold.rmse
    say(f"sfmsd {settings.kind}: done in {time.perf_counter() - start:.1f} s, cross-validated RMSE {error:.2f} A^2")
    return model


def _by_kind(models: dict[str, TrainedModel]) -> dict[str, Any]:
    """Return the sections of the output that have an entry for every kind."""
    sections = ("metrics", "cross_validation", "parameters", "importances", "coverage", "half_width", "held", "formula")
    plain = {kind: model.description.model_dump(mode="json", include=set(sections)) for kind, model in models.items()}
    same = {name: {kind: plain[kind][name] for kind in plain} for name in sections[:4]}
    intervals = {kind: {name: plain[kind][name] for name in ("coverage", "half_width", "held")} for kind in plain}
    formulas = {kind: plain[kind]["formula"] for kind in plain if plain[kind]["formula"]}
    return same | {"intervals": intervals, "formulas": formulas}


def _rows(table: TrainingTable, models: dict[str, TrainedModel]) -> list[dict[str, Any]]:
    """Return every row with its split as trained, its target and what each kind predicts for it."""
    features = [row.features for row in table.rows]
    predictions = {kind: model.predict(features).tolist() for kind, model in models.items()}
    ends = {kind: np.transpose(model.intervals(features)).tolist() for kind, model in models.items()}
    return [
        {
            "label": row.label,
            "dataset": row.dataset,
            "split": row.split,
            "target": row.target,
            "target_error": row.target_error,
            "predictions": {kind: values[number] for kind, values in predictions.items()},
            "intervals": {kind: values[number] for kind, values in ends.items()},
        }
        for number, row in enumerate(table.rows)
    ]
