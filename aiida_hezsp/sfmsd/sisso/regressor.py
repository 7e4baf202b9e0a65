"""SISSO as a scikit-learn estimator."""

import json
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from aiida_hezsp.errors import CostError, ModelFileError, SettingsError
from aiida_hezsp.sfmsd.sisso.cost import Cost, estimate_cost
from aiida_hezsp.sfmsd.sisso.models import SissoModel
from aiida_hezsp.sfmsd.sisso.operators import PAPER_OPERATORS, codes_of
from aiida_hezsp.sfmsd.sisso.records import SissoParameters, SissoRecord
from aiida_hezsp.sfmsd.sisso.search import Found, SearchSettings, search
from aiida_hezsp.sfmsd.sisso.space import FeatureSpace
from aiida_hezsp.sfmsd.table import one_line

__all__ = ("SISSORegressor",)

MAX_BYTES = 4 * 2**20
"""Largest JSON file that is read."""


class SISSORegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Sure independence screening and sparsifying operator.

    A linear model of few expressions out of very many: those that up to `complexity` operators make of the columns.
    For each dimension, the `subspace_size` expressions that correlate best with the residual of the model before
    join those screened so far; among all of them the best model of that many terms is chosen.
    R. Ouyang et al., Phys. Rev. Materials 2, 083802 (2018). The same data and parameters give the same model.

    Args:
        dimension: number of terms; the paper has 7.
        complexity: largest number of operators in a term; the paper has 4.
        subspace_size: expressions screened for each dimension; the paper has 10.
        metric: what the best model has least of on the training rows: "RMSE", "MAE" or "MaxAE" (the paper's).
        operators: out of + - * / ``|-|`` exp exp- ^-1 ^2 log sin sqrt; the paper's are the default.
        names: of the columns, for the texts of expressions; those of a data frame, or x0, x1, ..., if not given.
        units: of each column, such as "A^3"; what cannot be added is not, and exp, log and sin are of numbers only.
            None, as in the paper: not checked.
        value_limits: expressions whose largest absolute value on the training rows is outside are no terms.
        max_correlation: expressions that correlate more than this (absolute) are one, the simplest of them.
        n_residuals: number of best models whose residuals screen for the next dimension.
        undefined: what is predicted where an expression has no value (log of a negative number): "nan", or "mean",
            the mean of the training targets, with a warning.
        max_fits: least-squares fits up to which a dimension is searched exhaustively; beyond, a beam search.
        max_memory: bytes, estimated, above which `fit` refuses; what is kept of the features adapts to it.
        max_seconds: estimated time on one core above which `fit` refuses.
        progress: called with lines of text: the cost before the work starts, then how far it is.

    Attributes:
        expressions_: the terms, as text; `latex()` gives the model for a paper.
        coef_, intercept_: of the terms.
        models_: the best `SissoModel` of each dimension, from 0 (the mean) on.
        dimension_: number of terms; less than `dimension` if nothing was left to explain.
        feature_counts_: expressions by complexity that were screened.
    """

    def __init__(
        self,
        dimension: int = 2,
        complexity: int = 2,
        subspace_size: int = 10,
        metric: str = "RMSE",
        operators: Sequence[str] = PAPER_OPERATORS,
        *,
        names: Sequence[str] | None = None,
        units: Sequence[str] | None = None,
        value_limits: tuple[float, float] = (1e-3, 1e5),
        max_correlation: float = 1.0 - 1e-8,
        n_residuals: int = 1,
        undefined: str = "nan",
        max_fits: int = 2_000_000_000,
        max_memory: float = 2 * 2**30,
        max_seconds: float = 3600.0,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        self.dimension = dimension
        self.complexity = complexity
        self.subspace_size = subspace_size
        self.metric = metric
        self.operators = operators
        self.names = names
        self.units = units
        self.value_limits = value_limits
        self.max_correlation = max_correlation
        self.n_residuals = n_residuals
        self.undefined = undefined
        self.max_fits = max_fits
        self.max_memory = max_memory
        self.max_seconds = max_seconds
        self.progress = progress

    def cost(self, n_features: int, n_samples: int) -> Cost:
        """Return what a fit would cost, without starting it.

        Raises:
            SettingsError: a parameter is outside what it may be.
        """
        given = self._parameters()
        return estimate_cost(
            n_features, n_samples, given.dimension, given.complexity, given.subspace_size, given.operators,
            given.max_fits, given.max_memory, given.metric,
        )  # fmt: skip

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Find the model of a table (samples, features) and its target (samples,).

        Raises:
            CostError: it would take more than `max_seconds` or `max_memory`; nothing was started.
            SettingsError: a parameter is outside what it may be.
        """
        x, target = validate_data(self, X, y, dtype=np.float64, y_numeric=True, ensure_min_samples=2)
        target = np.asarray(target, dtype=np.float64)
        given = self._parameters()
        if given.names is not None and len(given.names) != x.shape[1]:
            raise SettingsError(f"{len(given.names)} names are given for {x.shape[1]} columns")
        cost = self.cost(x.shape[1], len(x))
        self._say(f"SISSO: {cost}")
        _refuse(cost, given)
        space = FeatureSpace(x, given.complexity, given.operators, given.units, cost.kept)
        names = SearchSettings.__dataclass_fields__
        settings = SearchSettings(**{name: value for name, value in dict(given).items() if name in names})
        self._learn(search(space, x, target, settings, self._say), float(target.mean()))
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the predictions (samples,); see `undefined` for rows where an expression has no value."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=np.float64, reset=False)
        predictions = self.models_[-1].predict(x)
        lost = ~np.isfinite(predictions)
        if lost.any():
            filled = self.target_mean_ if self.undefined == "mean" else np.nan
            warnings.warn(f"{lost.sum()} of {len(x)} rows have no value in this model: {filled:g}", stacklevel=2)
            predictions[lost] = filled
        return predictions

    def defined(self, X: ArrayLike) -> NDArray[np.bool_]:
        """Return for each row (samples,) whether every expression of the model has a value there."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=np.float64, reset=False)
        return np.isfinite(self.models_[-1].predict(x))

    def latex(self) -> str:
        """Return the model in LaTeX's mathematics."""
        check_is_fitted(self)
        return self.models_[-1].latex(self._names())

    def text(self) -> str:
        """Return the model as one reads it."""
        check_is_fitted(self)
        return self.models_[-1].text(self._names())

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted model as JSON has it; `from_dict` reads it."""
        check_is_fitted(self)
        record = SissoRecord.encode(
            self.models_,
            self._names(),
            named=hasattr(self, "feature_names_in_"),
            parameters=self._parameters(),
            target_mean=self.target_mean_,
            feature_counts=self.feature_counts_,
        )
        content: dict[str, Any] = record.model_dump(mode="json")
        return content

    @classmethod
    def from_dict(cls, content: Any) -> Self:
        """Return the fitted model of what `to_dict` gave; its predictions are the same to the last bit.

        Raises:
            ModelFileError: it is not such a record.
        """
        return cls._from_record(SissoRecord.read(content))

    def dumps(self) -> str:
        """Return the fitted model as the text of a JSON file; `loads` reads it."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"

    def save(self, path: str | Path) -> None:
        """Write the fitted model to a JSON file."""
        Path(path).write_text(self.dumps(), encoding="utf8")

    @classmethod
    def loads(cls, content: bytes) -> Self:
        """Return the fitted model of the content of a JSON file that may come from anywhere.

        Raises:
            ModelFileError: it is no such record.
        """
        return cls._from_record(SissoRecord.read(content))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model that may come from anywhere.

        Raises:
            ModelFileError: the file cannot be read, is too large, or is no such record.
        """
        source = Path(path)
        try:
            if source.stat().st_size > MAX_BYTES:
                raise ModelFileError(f"{source.name} has more than the {MAX_BYTES} bytes that are read")
            content = source.read_bytes()
        except OSError as error:
            raise ModelFileError(f"{source.name} cannot be read: {error.strerror}") from None
        return cls.loads(content)

    @classmethod
    def _from_record(cls, record: SissoRecord) -> Self:
        estimator = cls(**dict(record.parameters))
        names = estimator._parameters().names
        if names is not None and names != record.features:
            raise ModelFileError(f"the names {names} are not those of the features, {record.features}")
        estimator.n_features_in_ = len(record.features)
        if record.named:
            estimator.feature_names_in_ = np.array(record.features, dtype=object)
        estimator._learn(Found(record.decode(), record.feature_counts, 0), record.target_mean)
        return estimator

    def _learn(self, found: Found, target_mean: float) -> None:
        """Set what was learnt."""
        model: SissoModel = found.models[-1]
        self.models_ = found.models
        self.dimension_ = len(model.terms)
        self.feature_counts_ = found.feature_counts
        self.target_mean_ = target_mean
        self.coef_ = np.array(model.coefficients)
        self.intercept_ = model.intercept
        self.expressions_ = [term.text(self._names()) for term in model.terms]

    def _names(self) -> list[str]:
        """Return the columns' names, x0, x1, ... where they have none."""
        if self.names is not None:
            return [str(name) for name in self.names]
        if hasattr(self, "feature_names_in_"):
            return [str(name) for name in self.feature_names_in_]
        return [f"x{i}" for i in range(self.n_features_in_)]

    def _parameters(self) -> SissoParameters:
        """Return the parameters, checked."""
        given = self.get_params(deep=False)
        given.pop("progress")
        codes_of(self.operators)
        try:
            parameters = SissoParameters(**given)
        except ValidationError as error:
            raise SettingsError(f"SISSORegressor: {one_line(error)}") from None
        if not 0.0 <= parameters.value_limits[0] < parameters.value_limits[1]:
            raise SettingsError(f"value_limits are two increasing numbers, not {self.value_limits}")
        return parameters

    def _say(self, line: str) -> None:
        if self.progress is not None:
            self.progress(line)


def _refuse(cost: Cost, given: SissoParameters) -> None:
    """Refuse what is too much."""
    advice = "allow more, or lower complexity, dimension or subspace_size"
    if cost.seconds > given.max_seconds:
        raise CostError(f"this takes longer than max_seconds = {given.max_seconds:g} s: {cost}; {advice}")
    if cost.memory > given.max_memory:
        raise CostError(f"this takes more than max_memory = {given.max_memory / 2**30:.2f} GiB: {cost}; {advice}")
