"""Which features a model relies on: permutation importance, and SHAP."""

from collections.abc import Callable
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

__all__ = ("Importance", "expression_shap", "permutation_importances", "tree_shap")

Floats = NDArray[np.float64]

REPEATS = 10


class Importance(BaseModel):
    """Increase of the RMSE (unit of the target) when one column is shuffled: mean and spread over the repeats."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    permutation_mean: float
    permutation_std: float


def permutation_importances(
    estimator: Any, x: Floats, y: Floats, names: tuple[str, ...], seed: int, threads: int
) -> dict[str, Importance]:
    """Return the permutation importance of every feature on the given rows.

    Args:
        estimator: fitted.
        x: (rows, features).
        y: (rows,).
        names: of the features.
        seed: of the shuffles.
        threads: processes to use.
    """
    from sklearn.inspection import permutation_importance

    result = permutation_importance(
        estimator,
        x,
        y,
        scoring="neg_root_mean_squared_error",
        n_repeats=REPEATS,
        random_state=seed,
        n_jobs=threads,
    )
    return {
        name: Importance(permutation_mean=float(mean), permutation_std=float(std))
        for name, mean, std in zip(names, result.importances_mean, result.importances_std, strict=True)
    }


def tree_shap(estimator: Any, x: Floats) -> tuple[Floats, float]:
    """Return SHAP values (rows, features) and the base value of an ensemble of trees, in the unit of the target.

    Exact for the path-dependent value function (Lundberg et al., Nat. Mach. Intell. 2, 56 (2020)): base value plus
    the values of a row add up to its prediction.
    """
    import shap

    explainer = shap.TreeExplainer(estimator, feature_perturbation="tree_path_dependent")
    values = np.asarray(explainer.shap_values(x), dtype=np.float64)
    return values, float(np.ravel(explainer.expected_value)[0])


def expression_shap(estimator: Any, x: Floats, background: Floats) -> tuple[Floats, float]:
    """Return SHAP values (rows, features) and the base value of a SISSO model, in the unit of the target.

    Exact for the interventional value function (Lundberg and Lee, NeurIPS 30 (2017)): the features that are not
    known take the values of the background rows. SHAP values are linear in the model, and a term of complexity c has
    c + 1 columns at most, so that all coalitions of each term are tried. Base value plus the values of a row add up to
    its prediction. Where an expression has no value its mean over the background stands for it; a row that the model
    has no value for is predicted as the base value, and nothing explains it.

    Args:
        estimator: fitted `SISSORegressor`.
        x: (rows, features).
        background: (background rows, features), those the model was trained on.
    """
    model = estimator.models_[-1]
    values, base = np.zeros(x.shape), float(model.intercept)
    for weight, term in zip(model.coefficients, model.terms, strict=True):
        columns = term.columns()
        mean = float(np.mean(_finite(term.evaluate(background), np.nan)))
        shares = _exact_shap(_over(term, columns, x.shape[1], mean), x[:, columns], background[:, columns])
        values[:, columns] += weight * shares
        base += weight * mean
    values[~np.isfinite(model.predict(x))] = 0.0
    return values, base


def _over(term: Any, columns: list[int], n_features: int, instead: float) -> Callable[[Floats], Floats]:
    """Return a term as a function of its own columns (rows, columns)."""

    def function(z: Floats) -> Floats:
        whole = np.zeros((len(z), n_features))
        whole[:, columns] = z
        return _finite(term.evaluate(whole), instead)

    return function


def _finite(values: Floats, instead: float) -> Floats:
    return np.where(np.isfinite(values), values, instead)


def _exact_shap(function: Callable[[Floats], Floats], x: Floats, background: Floats) -> Floats:
    """Return the SHAP values (rows, columns) of a function of few columns, by all 2^columns coalitions.

    The same as `shap.explainers.Exact` (a test compares), which compiles for ten seconds in every process.
    """
    n_columns = x.shape[1]
    members = (np.arange(2**n_columns)[:, None] >> np.arange(n_columns)) & 1 == 1
    worth = np.empty((len(x), len(members)))
    for number, row in enumerate(x):
        mixed = np.where(members[:, None, :], row, background)
        worth[number] = function(mixed.reshape(-1, n_columns)).reshape(len(members), -1).mean(axis=1)
    sizes = members.sum(axis=1)
    shares = np.array([1.0 / (n_columns * comb(n_columns - 1, size)) for size in range(n_columns)])
    values = np.empty(x.shape)
    for column in range(n_columns):
        without = np.flatnonzero(~members[:, column])
        gains = worth[:, without + 2**column] - worth[:, without]
        values[:, column] = gains @ shares[sizes[without]]
    return values
