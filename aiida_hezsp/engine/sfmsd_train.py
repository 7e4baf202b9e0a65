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
from aiida_hezsp.sfmsd.balance import BalanceSettings, clean_table
from aiida_hezsp.sfmsd.files import save_model
from aiida_hezsp.sfmsd.models import KINDS
from aiida_hezsp.sfmsd.table import TRAIN, TrainingTable, feature_matrix
from aiida_hezsp.sfmsd.trained import TrainedModel
from aiida_hezsp.sfmsd.training import TrainSettings, number_of_folds, train

__all__ = ("SfmsdTrainInput", "run")


class SfmsdTrainInput(JobInput):
    """What ``input.json`` of the job holds; see `TrainSettings` for the meaning and limits of the settings.

    The search uses `threads` x `workers` processes.
    """

    job: Literal["sfmsd-train"]
    table: FileName = "table.json"
    models: Annotated[tuple[str, ...], Field(min_length=1)] = tuple(KINDS)
    search_iterations: int = 100
    cv: int = 5
    seed: int = 1
    coverage: float = 0.9
    balance: BalanceSettings | None = None
    max_target: float | None = 200.0

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
        values = self.model_dump(exclude={"job", "table", "models", "workers"})
        return TrainSettings(**values | {"kind": kind, "threads": self.threads * self.workers})


def run(inputs: SfmsdTrainInput, folder: Path) -> dict[str, Any]:
    """Train every kind, write ``<kind>.skops`` and ``<kind>.json`` into the folder, return what ``output.json`` holds.

    Returns:
        By kind: `metrics` (by split), `cross_validation`, `parameters`, `importances`, `intervals`. For all: `rows`
        (label, split as trained, target, prediction of each kind), `removed`, `noise_floor`, `target_mean` and
        `target_std` (of the rows trained on, A^2).

    Raises:
        TableError: the table cannot be read, is malformed, or leaves too few rows to train on.
    """
    table = TrainingTable.from_dict(read_json(folder / inputs.table, TableError))
    cleaned, removed = clean_table(table, inputs.max_target, inputs.balance)
    models: dict[str, TrainedModel] = {}
    for kind in inputs.models:
        models[kind] = _train_one(table, cleaned, inputs.settings(kind))
        save_model(models[kind], folder / f"{kind}.skops")
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
    say(f"sfmsd {settings.kind}: {settings.search_iterations} candidates x {folds} folds on {n_rows} rows")
    start = time.perf_counter()
    model = train(table, settings)
    error = model.description.cross_validation.out_of_fold.rmse
    say(f"sfmsd {settings.kind}: done in {time.perf_counter() - start:.1f} s, cross-validated RMSE {error:.2f} A^2")
    return model


def _by_kind(models: dict[str, TrainedModel]) -> dict[str, Any]:
    """Return the sections of the output that have an entry for every kind."""
    plain = {kind: model.description.model_dump(mode="json") for kind, model in models.items()}
    sections = {
        name: {kind: description[name] for kind, description in plain.items()}
        for name in ("metrics", "cross_validation", "parameters", "importances")
    }
    intervals = {kind: {name: plain[kind][name] for name in ("coverage", "half_width")} for kind in plain}
    return sections | {"intervals": intervals}


def _rows(table: TrainingTable, models: dict[str, TrainedModel]) -> list[dict[str, Any]]:
    """Return every row with its split as trained, its target and what each kind predicts for it."""
    x = feature_matrix([row.features for row in table.rows], table.names)
    predictions = {kind: model.estimator.predict(x).tolist() for kind, model in models.items()}
    return [
        {
            "label": row.label,
            "split": row.split,
            "target": row.target,
            "predictions": {kind: values[number] for kind, values in predictions.items()},
        }
        for number, row in enumerate(table.rows)
    ]
