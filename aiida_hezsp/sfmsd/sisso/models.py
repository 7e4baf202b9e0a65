"""A linear model of expressions, as each dimension of a SISSO fit gives one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.sfmsd.sisso.expressions import Expression

__all__ = ("SissoModel", "fit_linear")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SissoModel:
    """intercept + sum of coefficient * expression, with its errors on the training rows (unit of the target)."""

    terms: tuple[Expression, ...]
    coefficients: tuple[float, ...]
    intercept: float
    rmse: float
    mae: float
    max_ae: float

    def predict(self, x: Floats) -> Floats:
        """Return the predictions (samples,); NaN or infinite where an expression is."""
        total = np.full(len(x), self.intercept)
        with np.errstate(all="ignore"):
            for coefficient, term in zip(self.coefficients, self.terms, strict=True):
                total += coefficient * term.evaluate(x)
        return total

    def text(self, names: Sequence[str]) -> str:
        """Return the model as one reads it."""
        parts = [f"{self.intercept:.6g}"]
        for coefficient, term in zip(self.coefficients, self.terms, strict=True):
            parts.append(f"{'-' if coefficient < 0 else '+'} {abs(coefficient):.6g} * ({term.text(names)})")
        return " ".join(parts)

    def latex(self, names: Sequence[str]) -> str:
        """Return the model in LaTeX's mathematics."""
        parts = [f"{self.intercept:.4g}"]
        for coefficient, term in zip(self.coefficients, self.terms, strict=True):
            sign = "-" if coefficient < 0 else "+"
            parts.append(rf"{sign} {abs(coefficient):.4g} \left({term.latex(names)}\right)")
        return " ".join(parts)


def fit_linear(x: Floats, y: Floats, terms: Sequence[Expression]) -> SissoModel:
    """Return the least-squares model of some expressions over a table (samples, features).

    Columns are centred and scaled first, so that nothing is lost where expressions are of very different size.
    """
    columns = np.array([term.evaluate(x) for term in terms]).reshape(len(terms), len(y)).T
    means = columns.mean(axis=0)
    norms = np.linalg.norm(columns - means, axis=0)
    weights = np.linalg.lstsq((columns - means) / norms, y - y.mean(), rcond=None)[0] / norms
    intercept = float(y.mean() - weights @ means)
    coefficients = tuple(float(weight) for weight in weights)
    errors = np.abs(SissoModel(tuple(terms), coefficients, intercept, 0.0, 0.0, 0.0).predict(x) - y)
    rmse = float(np.sqrt((errors**2).mean()))
    return SissoModel(tuple(terms), coefficients, intercept, rmse, float(errors.mean()), float(errors.max()))
