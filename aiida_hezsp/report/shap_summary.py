"""SHAP values of all predictions: which features move the predicted MSD, and in which direction."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.report.style import WIDTH, mark_standin, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ("shap_figure", "swarm")

_BINS = 60
_HALF_HEIGHT = 0.38


def shap_figure(
    shap: Sequence[Mapping[str, float]], features: Sequence[Mapping[str, float]], *, standin: bool
) -> "Figure":
    """Draw one point per prediction and feature; colour is the value of the feature, low to high.

    Args:
        shap: SHAP values of every prediction by feature, A^2.
        features: values of the features of the same predictions.
        standin: whether the stand-in made the labels.
    """
    names = sorted(shap[0], key=lambda name: float(np.mean([abs(row[name]) for row in shap])))
    with styled():
        figure = new_figure(WIDTH, 1.4 + 0.28 * len(names))
        axes = figure.subplots()
        points: Any = None
        for level, name in enumerate(names):
            values = np.array([row[name] for row in shap])
            colors = _ranks(np.array([row.get(name, np.nan) for row in features], dtype=float))
            points = axes.scatter(
                values, level + swarm(values), c=colors, cmap="viridis", vmin=0, vmax=1, s=9, lw=0, rasterized=True
            )
        axes.axvline(0.0, color="#4b5563", lw=0.8, zorder=0)
        axes.set_yticks(range(len(names)), names)
        axes.grid(visible=False, axis="y")
        axes.set_title(f"SHAP values of {len(shap)} predictions")
        axes.set_xlabel("change of the predicted MSD by the feature (Å²)")
        bar = figure.colorbar(points, ax=axes, ticks=[0, 1], aspect=30, pad=0.01)
        bar.ax.set_yticklabels(["low", "high"])
        bar.set_label("value of the feature")
        mark_standin(figure, standin)
    return figure


def swarm(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return offsets (n,) that spread points of equal value around their line, symmetrically and without chance."""
    low, high = float(values.min()), float(values.max())
    if high == low:
        bins = np.zeros(len(values), dtype=int)
    else:
        bins = np.minimum(((values - low) / (high - low) * _BINS).astype(int), _BINS - 1)
    offsets = np.zeros(len(values))
    largest = max(int(np.bincount(bins).max()), 2)
    for number in np.unique(bins):
        inside = np.flatnonzero(bins == number)
        side = np.array([(k + 1) // 2 * (-1) ** k for k in range(len(inside))], dtype=float)
        offsets[inside] = side * 2 * _HALF_HEIGHT / largest
    return offsets


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the place of each value between the smallest (0) and the largest (1)."""
    low, high = np.nanmin(values), np.nanmax(values)
    return np.full(len(values), 0.5) if high == low else (values - low) / (high - low)
