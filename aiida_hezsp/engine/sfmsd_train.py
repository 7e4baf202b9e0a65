"""Job ``sfmsd-train``: train SF-MSD regressors on a table of features and targets."""

import json
import time
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from aiida_hezsp.errors import TableError
from aiida_hezsp.sfmsd.balance import BalanceSettings, clean_table
from aiida_hezsp.sfmsd.files import save_model
from aiida_hezsp.sfmsd.models import KINDS
from aiida_hezsp.sfmsd.table import TRAIN, TrainingTable, feature_matrix
from aiida_hezsp.sfmsd.trained import TrainedModel
from aiida_hezsp.sfmsd.training import TrainSettings, number_of_folds, train

__all__ = ("SfmsdTrainInput", "run")

MAX_TABLE_BYTES = 64 * 2**20


class SfmsdTrainInput(BaseModel):
    """What ``input.json`` of the job holds; see `TrainSettings` for the meaning and limits of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    job: Literal["sfmsd-train"] = "sfmsd-train"
    table: Annotated[str, Field(min_length=1)] = "table.json"
    models: Annotated[tuple[str, ...], Field(min_length=1)] = tuple(KINDS)
    search_iterations: int = 100
    cv: int = 5
    seed: int = 1
    coverage: float = 0.9
    balance: BalanceSettings | None = None
    max_target: float | None = 200.0
    threads: int = 1

    @field_validator("table")
    @classmethod
    def _inside(cls, name: str) -> str:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise ValueError(f"{name!r} is not a file inside the job's folder")
        return name

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
        return TrainSettings(kind=kind, **self.model_dump(exclude={"job", "table", "models"}))


def run(inputs: SfmsdTrainInput, folder: Path) -> dict[str, Any]:
    """Train every kind, write ``<kind>.skops`` and ``<kind>.json`` into the folder, return what ``output.json`` holds.

    Returns:
        By kind: `metrics` (by split), `cross_validation`, `parameters`, `importances`, `intervals`. For all: `rows`
        (label, split as trained, target, prediction of each kind), `removed`, `noise_floor`, `target_mean` and
        `target_std` (of the rows trained on, A^2).

    Raises:
        TableError: the table cannot be read, is malformed, or leaves too few rows to train on.
    """
    table = _read_table(folder / inputs.table)
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


def _read_table(path: Path) -> TrainingTable:
    """Read and check the table."""
    try:
        if path.stat().st_size > MAX_TABLE_BYTES:
            raise TableError(f"{path.name} is larger than the {MAX_TABLE_BYTES} bytes that are read")
        return TrainingTable.from_dict(json.loads(path.read_text(encoding="utf8")))
    except OSError as error:
        raise TableError(f"{path.name} cannot be read: {error.strerror}") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TableError(f"{path.name} is not JSON: {error}") from None


def _train_one(table: TrainingTable, cleaned: TrainingTable, settings: TrainSettings) -> TrainedModel:
    """Train one kind, saying so before and after."""
    n_rows = len(cleaned.of(TRAIN))
    folds = number_of_folds(n_rows, settings.cv)
    _say(f"sfmsd {settings.kind}: {settings.search_iterations} candidates x {folds} folds on {n_rows} rows")
    start = time.perf_counter()
    model = train(table, settings)
    error = model.description.cross_validation.out_of_fold.rmse
    _say(f"sfmsd {settings.kind}: done in {time.perf_counter() - start:.1f} s, cross-validated RMSE {error:.2f} A^2")
    return model


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - progress is this program's output


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
