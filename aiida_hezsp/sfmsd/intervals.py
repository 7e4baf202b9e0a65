"""Conformal intervals around predictions, from residuals of cross-validation; wider where a model knows less."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat
from scipy.spatial.distance import cdist

__all__ = ("Calibration", "Intervals", "attainable")

Floats = NDArray[np.float64]

ROUNDING = 1e-9
"""Keeps 1 - 0.9 = 0.09999999999999998 from asking for one residual more than it should."""

CONSTANT = 1e-9
"""Spread over largest value up to which a feature counts as constant: rounding leaves 1e-16 of equal numbers."""

FLOOR = 0.25
"""Part of a difficulty that is the same for all rows."""

FAR = 0.95
"""Quantile of the training rows' distances from which on a row counts as far away."""


class Calibration(BaseModel):
    """What intervals rest on, as it is stored.

    Attributes:
        rows: (n, features), those trained on.
        residuals: (n,) target minus prediction out of fold, unit of the target.
        neighbours: that a difficulty depends on; 0: the same for all rows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    rows: tuple[tuple[FiniteFloat, ...], ...] = Field(min_length=1)
    residuals: tuple[FiniteFloat, ...] = Field(min_length=1)
    neighbours: int = Field(ge=0)

    @classmethod
    def of(cls, rows: Floats, residuals: Floats, neighbours: int) -> "Calibration":
        """Return the calibration of training rows (n, features) and residuals (n,).

        At most a quarter of the rows are neighbours; with fewer than three all rows are equally difficult.
        """
        count = min(neighbours, len(rows) // 4)
        return cls(
            rows=tuple(map(tuple, rows.tolist())),
            residuals=tuple(residuals.tolist()),
            neighbours=count if count > 2 else 0,  # noqa: PLR2004 - see above
        )


class Intervals:
    """Intervals prediction +- q s(x) of a calibration.

    The difficulty s is a quarter constant, three quarters the mean absolute residual of the nearest training rows
    (features scaled to unit spread), both in units of the mean of all; times how much farther than 95 % of the training
    rows x is from its nearest ones, if it is. q is such that so many training rows lie within their intervals as a
    coverage asks for: conformal prediction with normalised residuals (Papadopoulos and Haralambous, Neural Networks 24,
    842 (2011)), by the library crepes.

    With residuals exchangeable with the new error this holds the target with at least that probability. Residuals of
    cross-validation, each predicted by a model that has not seen the row, are only nearly that: the final model is
    trained on all rows (a little better), its parameters were chosen on the same folds (a little optimistic), and
    each row's own residual is no part of its difficulty.
    """

    def __init__(self, calibration: Calibration) -> None:
        from crepes import ConformalRegressor

        self.rows = np.array(calibration.rows, dtype=np.float64)
        self.neighbours = calibration.neighbours
        residuals = np.array(calibration.residuals, dtype=np.float64)
        self._errors = np.abs(residuals)
        self._mean = float(self._errors.mean())
        spread = self.rows.std(axis=0)
        self._scale = np.where(spread > CONSTANT * np.abs(self.rows).max(axis=0), spread, 1.0)
        self._far, own = self._judge_training_rows()
        self._conformal: Any = ConformalRegressor().fit(residuals, sigmas=own)

    def difficulty(self, x: Floats) -> Floats:
        """Return the difficulty of each row of x (m, features), about 1 for an average training row."""
        if self._flat:
            return np.ones(len(x))
        return self._combine(*self._surroundings(cdist(x / self._scale, self.rows / self._scale)), self._far)

    def distance(self, x: Floats) -> Floats:
        """Return how far each row of x (m, features) is from its nearest training rows.

        In units of the distance that 95 % of the training rows stay within: clearly above 1 is a row unlike all of
        them, even if each of its features is in range. 0 where distances tell nothing (few rows).
        """
        if self._flat or self._far == 0.0:
            return np.zeros(len(x))
        _, distances = self._surroundings(cdist(x / self._scale, self.rows / self._scale))
        relative: Floats = distances / self._far
        return relative

    def half_width(self, coverage: float) -> float:
        """Return q, the half width of a row of difficulty 1."""
        return float(self._ends(np.zeros(1), np.ones(1), coverage, -np.inf)[0, 1])

    def around(self, predictions: Floats, x: Floats, coverage: float, lowest: float) -> tuple[Floats, Floats]:
        """Return the lower and upper ends (m,) for predictions (m,) at rows x (m, features).

        Args:
            predictions: in the unit of the target.
            x: features of the rows.
            coverage: wanted; the largest that so many residuals support is taken if it is above that.
            lowest: possible target; no end is below.
        """
        ends = self._ends(predictions, self.difficulty(x), coverage, lowest)
        return ends[:, 0], ends[:, 1]

    def _ends(self, predictions: Floats, sigmas: Floats, coverage: float, lowest: float) -> Floats:
        confidence = attainable(coverage, len(self._errors)) - ROUNDING
        ends: Floats = self._conformal.predict_int(predictions, sigmas=sigmas, confidence=confidence, y_min=lowest)
        return ends

    @property
    def _flat(self) -> bool:
        """Whether all rows are equally difficult."""
        return self.neighbours == 0 or self._mean == 0.0

    def _judge_training_rows(self) -> tuple[float, Floats]:
        """Return the distance that counts as far, and the difficulties of the training rows, each by the others."""
        if self._flat:
            return 0.0, np.ones(len(self.rows))
        scaled = self.rows / self._scale
        distances = cdist(scaled, scaled)
        np.fill_diagonal(distances, np.inf)
        errors, mean_distances = self._surroundings(distances)
        far = float(np.quantile(mean_distances, FAR))
        return far, self._combine(errors, mean_distances, far)

    def _surroundings(self, distances: Floats) -> tuple[Floats, Floats]:
        """Return mean error and mean distance of the nearest training rows, for distances (m, n)."""
        nearest = np.argsort(distances, axis=1, kind="stable")[:, : self.neighbours]
        return self._errors[nearest].mean(axis=1), np.take_along_axis(distances, nearest, axis=1).mean(axis=1)

    def _combine(self, errors: Floats, distances: Floats, far: float) -> Floats:
        """Return difficulties from errors and distances of neighbours."""
        away = np.maximum(distances / far, 1.0) if far > 0.0 else np.ones(len(distances))
        difficulties: Floats = (FLOOR + (1.0 - FLOOR) * errors / self._mean) * away
        return difficulties


def attainable(coverage: float, residuals: int) -> float:
    """Return the coverage, or the largest that so many residuals can support: n / (n + 1)."""
    return min(coverage, residuals / (residuals + 1))
