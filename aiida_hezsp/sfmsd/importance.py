"""Which features a model relies on: permutation importance, and SHAP."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

__all__ = ("Importance", "permutation_importances", "tree_shap")

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
