"""A trained SF-MSD model: what it predicts, how far it may be off, why, and where it should not be asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from aiida_hezsp.sfmsd.balance import Removal
from aiida_hezsp.sfmsd.importance import Importance, tree_shap
from aiida_hezsp.sfmsd.metrics import Metrics
from aiida_hezsp.sfmsd.models import kind_of
from aiida_hezsp.sfmsd.table import Column, Target, feature_matrix

__all__ = ("FORMAT", "CrossValidation", "Description", "Probe", "TrainedModel")

Floats = NDArray[np.float64]
FeatureRow = Mapping[str, float]

FORMAT: Final = "aiida-hezsp.sfmsd/1"


class Section(BaseModel):
    """A part of the description: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CrossValidation(Section):
    """How the parameters were found, and the errors of rows that the model had not seen."""

    folds: int
    iterations: int
    rmse_of_search: FiniteFloat
    out_of_fold: Metrics


class Probe(Section):
    """Feature values with the predictions made when the model was saved: a reader must get the same."""

    features: tuple[tuple[FiniteFloat, ...], ...]
    predictions: tuple[FiniteFloat, ...]


class Description(Section):
    """All that is known of a model beside the estimator itself; the JSON file beside the skops file."""

    format: Literal["aiida-hezsp.sfmsd/1"] = FORMAT
    kind: str
    feature_set: str
    columns: tuple[Column, ...] = Field(min_length=1)
    target: Target
    coverage: float = Field(gt=0.0, lt=1.0)
    half_width: float = Field(ge=0.0)
    domain: dict[str, tuple[FiniteFloat, FiniteFloat]]
    parameters: dict[str, int | float | str | bool | None]
    metrics: dict[str, Metrics]
    noise_floor: dict[str, float | None] = {}
    cross_validation: CrossValidation
    importances: dict[str, Importance]
    removed: tuple[Removal, ...] = ()
    training_labels: tuple[str, ...]
    seed: int
    versions: dict[str, str]
    probe: Probe


@dataclass(frozen=True)
class TrainedModel:
    """A fitted scikit-learn estimator with its description.

    Rows are mappings from feature names to values; order and further keys do not matter.
    """

    estimator: Any
    description: Description

    @property
    def kind(self) -> str:
        """Kind of regressor: ``GB`` or ``RF``."""
        return self.description.kind

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features, in the order of the columns."""
        return tuple(column.name for column in self.description.columns)

    @property
    def coverage(self) -> float:
        """Probability that `intervals` hold the target (see `intervals.half_width` for what it rests on)."""
        return self.description.coverage

    @property
    def metrics(self) -> dict[str, Metrics]:
        """Errors by split."""
        return self.description.metrics

    def predict(self, rows: Sequence[FeatureRow]) -> Floats:
        """Return the predicted target of each row, (rows,).

        Raises:
            TableError: a row lacks a feature, or a value is not finite.
        """
        return np.asarray(self.estimator.predict(self._matrix(rows)), dtype=np.float64)

    def intervals(self, rows: Sequence[FeatureRow]) -> tuple[Floats, Floats]:
        """Return the lower and upper end of each row's interval of the stated coverage, (rows,) each.

        The interval is prediction +- half width, the same for all rows; an MSD cannot be negative, so the lower
        end is cut at 0.
        """
        predictions = self.predict(rows)
        width = self.description.half_width
        return np.maximum(predictions - width, 0.0), predictions + width

    def shap_values(self, rows: Sequence[FeatureRow]) -> tuple[Floats, float]:
        """Return SHAP values (rows, features) and the base value; base plus a row's values is its prediction."""
        return tree_shap(self.estimator, self._matrix(rows))

    def outside_domain(self, row: FeatureRow) -> list[str]:
        """Return the features whose value lies outside the range that the model was trained on."""
        values = self._matrix([row])[0]
        return [
            name
            for name, value in zip(self.features, values, strict=True)
            if not _inside(value, *self.description.domain[name])
        ]

    def _matrix(self, rows: Sequence[FeatureRow]) -> Floats:
        return feature_matrix(rows, self.features)

    @property
    def title(self) -> str:
        """What the model is, in words."""
        return kind_of(self.kind).title


def _inside(value: float, low: float, high: float) -> bool:
    """Return whether a value lies in a range, up to rounding."""
    return bool(low - 1e-9 * abs(low) <= value <= high + 1e-9 * abs(high))
