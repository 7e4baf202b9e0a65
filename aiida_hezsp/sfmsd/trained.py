"""A trained SF-MSD model: what it predicts, how far it may be off, why, and where it should not be asked."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from aiida_hezsp.errors import FormulaError
from aiida_hezsp.families.elements import split_formula
from aiida_hezsp.sfmsd.balance import Removal, SplitStep
from aiida_hezsp.sfmsd.importance import Importance, expression_shap, tree_shap
from aiida_hezsp.sfmsd.intervals import Calibration, Intervals, attainable
from aiida_hezsp.sfmsd.metrics import Metrics
from aiida_hezsp.sfmsd.models import kind_of
from aiida_hezsp.sfmsd.table import Column, Target, feature_matrix

__all__ = ("FORMAT", "CrossValidation", "Description", "Probe", "TrainedModel", "unseen_elements")

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
    """All that is known of a model beside the estimator itself; the JSON file beside the estimator's.

    `half_width` is that of the interval of a composition of average difficulty, `held` the share of targets that lie in
    their intervals by test set (compare with `coverage`), `splits` the steps that made the
    named test sets of `metrics`, `formula` a SISSO model as one reads it, `calibration` what intervals rest on.
    """

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
    held: dict[str, float] = {}
    cross_validation: CrossValidation
    importances: dict[str, Importance]
    removed: tuple[Removal, ...] = ()
    max_target: float | None = None
    splits: tuple[SplitStep, ...] = ()
    formula: str | None = None
    training_labels: tuple[str, ...]
    seed: int
    versions: dict[str, str]
    probe: Probe
    calibration: Calibration


@dataclass(frozen=True)
class TrainedModel:
    """A fitted scikit-learn estimator with its description.

    Rows are mappings from feature names to values; order and further keys do not matter.
    """

    estimator: Any
    description: Description

    @property
    def kind(self) -> str:
        """Kind of regressor: ``GB``, ``RF`` or ``SISSO``."""
        return self.description.kind

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features, in the order of the columns."""
        return tuple(column.name for column in self.description.columns)

    @property
    def coverage(self) -> float:
        """Probability that `intervals` hold the target (see `Intervals` for what it rests on)."""
        return self.description.coverage

    @cached_property
    def interval_maker(self) -> Intervals:
        """What makes intervals; `half_width` and `difficulty` are its own."""
        return Intervals(self.description.calibration)

    @property
    def metrics(self) -> dict[str, Metrics]:
        """Errors by split."""
        return self.description.metrics

    def predict(self, rows: Sequence[FeatureRow]) -> Floats:
        """Return the predicted target of each row, (rows,).

        Raises:
            TableError: a row lacks a feature, or a value is not finite.
        """
        return self._predict(self._matrix(rows))

    def intervals(self, rows: Sequence[FeatureRow], coverage: float | None = None) -> tuple[Floats, Floats]:
        """Return the lower and upper end of each row's interval, (rows,) each.

        The interval is prediction +- half width, wider where training rows nearby were predicted badly or are far
        away; an MSD cannot be negative, so no end is below 0.

        Args:
            rows: as for `predict`.
            coverage: probability of the intervals; that of the model if not given. More than the residuals support
                (`n / (n + 1)`) cannot be had: their largest is taken.
        """
        x = self._matrix(rows)
        wanted = self.coverage if coverage is None else coverage
        return self.interval_maker.around(self._predict(x), x, wanted, lowest=0.0)

    def attainable(self, coverage: float) -> float:
        """Return the coverage that `intervals` have when this one is asked for."""
        return attainable(coverage, len(self.description.calibration.residuals))

    def shap_values(self, rows: Sequence[FeatureRow]) -> tuple[Floats, float]:
        """Return SHAP values (rows, features) and the base value; base plus a row's values is its prediction."""
        x = self._matrix(rows)
        if kind_of(self.kind).trees:
            return tree_shap(self.estimator, x)
        return expression_shap(self.estimator, x, self.interval_maker.rows)

    def defined(self, rows: Sequence[FeatureRow]) -> NDArray[np.bool_]:
        """Return for each row, (rows,), whether the model has a value there.

        A SISSO model may have none (the logarithm of what is negative for this row); the mean of the training
        targets is predicted instead.
        """
        x = self._matrix(rows)
        if kind_of(self.kind).trees:
            return np.ones(len(x), dtype=bool)
        return np.asarray(self.estimator.defined(x), dtype=bool)

    def distance(self, rows: Sequence[FeatureRow]) -> Floats:
        """Return how far each row, (rows,), is from the training rows; see `Intervals.distance`."""
        return self.interval_maker.distance(self._matrix(rows))

    def outside_domain(self, row: FeatureRow) -> list[str]:
        """Return the features whose value lies outside the range that the model was trained on."""
        values = self._matrix([row])[0]
        return [
            name
            for name, value in zip(self.features, values, strict=True)
            if not _inside(value, *self.description.domain[name])
        ]

    def unseen_elements(self, elements: Sequence[str]) -> list[str]:
        """Return the elements that no composition of the training rows has; see `unseen_elements`."""
        return unseen_elements(self.description.training_labels, elements)

    def _predict(self, x: Floats) -> Floats:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of undefined rows: `defined` tells which
            return np.asarray(self.estimator.predict(x), dtype=np.float64)

    def _matrix(self, rows: Sequence[FeatureRow]) -> Floats:
        return feature_matrix(rows, self.features)

    @property
    def title(self) -> str:
        """What the model is, in words."""
        return kind_of(self.kind).title


def unseen_elements(labels: Sequence[str], elements: Sequence[str]) -> list[str]:
    """Return the elements that no label of the training rows names; none where labels are no formulas.

    Args:
        labels: formulas with "p" for the decimal point, such as ``Li3p5Zr0p5Hf0p5Al0p5Ge0p5Si2PO12``; others are
            passed over.
        elements: of a composition.
    """
    known = {element for label in labels for element in _named_elements(label)}
    return [element for element in elements if element not in known] if known else []


def _named_elements(label: str) -> Sequence[str]:
    """Return the elements of a label that is a formula; one element alone (``B2``) is rather a name."""
    try:
        elements = tuple(split_formula(label.replace("p", ".")))
    except FormulaError:
        return ()
    return elements if len(elements) > 1 else ()


def _inside(value: float, low: float, high: float) -> bool:
    """Return whether a value lies in a range, up to rounding."""
    return bool(low - 1e-9 * abs(low) <= value <= high + 1e-9 * abs(high))
