"""How far predictions are from targets."""

import numpy as np
from numpy.typing import ArrayLike
from pydantic import BaseModel, ConfigDict

__all__ = ("Metrics", "measure")


class Metrics(BaseModel):
    """Errors of one split; `r2` is None where the targets do not vary, all are None for an empty split."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    n: int
    rmse: float | None = None
    mae: float | None = None
    max_ae: float | None = None
    r2: float | None = None


def measure(targets: ArrayLike, predictions: ArrayLike) -> Metrics:
    """Return RMSE, MAE, largest absolute error (unit of the target) and R2 (1) of predictions.

    Args:
        targets: (n,).
        predictions: (n,).
    """
    y, p = np.asarray(targets, dtype=np.float64), np.asarray(predictions, dtype=np.float64)
    if y.size == 0:
        return Metrics(n=0)
    residuals = p - y
    spread = float(((y - y.mean()) ** 2).sum())
    return Metrics(
        n=y.size,
        rmse=float(np.sqrt((residuals**2).mean())),
        mae=float(np.abs(residuals).mean()),
        max_ae=float(np.abs(residuals).max()),
        r2=None if np.ptp(y) == 0.0 else 1.0 - float((residuals**2).sum()) / spread,
    )
