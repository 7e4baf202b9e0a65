"""Errors of the SF-MSD models by split, and which features they rely on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from aiida_hezsp.report.style import COLORS, WIDTH, mark_standin, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ("errors_figure", "importance_figure")

Nested = Mapping[str, Mapping[str, Mapping[str, Any]]]


def errors_figure(metrics: Nested, target_std: float | None, *, standin: bool) -> "Figure":
    """Draw the RMSE of every model on every split.

    Args:
        metrics: model -> split -> `rmse` (A^2) and `n`.
        target_std: spread of all targets (A^2): what a model that always says the mean would miss by.
        standin: whether the stand-in made the labels.
    """
    splits = list(dict.fromkeys(split for model in metrics.values() for split in model))
    with styled():
        figure = new_figure(WIDTH, 3.2)
        axes = figure.subplots()
        width = 0.8 / len(metrics)
        for number, (model, by_split) in enumerate(metrics.items()):
            known = [(i, by_split[s]) for i, s in enumerate(splits) if by_split.get(s, {}).get("rmse") is not None]
            x = np.array([i + (number - (len(metrics) - 1) / 2) * width for i, _ in known])
            heights = [entry["rmse"] for _, entry in known]
            bars = axes.bar(x, heights, 0.92 * width, color=COLORS[number % len(COLORS)], label=model)
            axes.bar_label(bars, [f"{entry['rmse']:.3g}\nn={entry['n']}" for _, entry in known], fontsize=7, padding=2)
        if target_std is not None:
            axes.axhline(target_std, color="#111827", lw=0.9, ls="--", label="spread of the targets")
        axes.set_xticks(range(len(splits)), splits)
        axes.grid(visible=False, axis="x")
        axes.margins(y=0.2)
        axes.set_title("Error of the SF-MSD models")
        axes.set_ylabel("RMSE of the MSD (Å²)")
        axes.legend(loc="upper left", ncols=3)
        mark_standin(figure, standin)
    return figure


def importance_figure(importances: Nested, *, standin: bool) -> "Figure":
    """Draw by how much the RMSE grows when one feature is shuffled: mean and spread over repeats.

    Args:
        importances: model -> feature -> `permutation_mean`, `permutation_std` (A^2).
        standin: whether the stand-in made the labels.
    """
    first = next(iter(importances.values()))
    features = sorted(first, key=lambda name: first[name]["permutation_mean"])
    with styled():
        figure = new_figure(WIDTH, 1.2 + 0.26 * len(features))
        axes = figure.subplots()
        height = 0.8 / len(importances)
        for number, (model, by_feature) in enumerate(importances.items()):
            y = np.arange(len(features)) - (number - (len(importances) - 1) / 2) * height
            _bars(axes, y, [by_feature[name] for name in features], height, COLORS[number % len(COLORS)], model)
        axes.set_yticks(range(len(features)), features)
        axes.grid(visible=False, axis="y")
        axes.set_title("What the models rely on")
        axes.set_xlabel("growth of the RMSE when the feature is shuffled (Å²)")
        axes.legend(loc="lower right")
        mark_standin(figure, standin)
    return figure


def _bars(axes: "Axes", y: Any, entries: list[Mapping[str, float]], height: float, color: str, model: str) -> None:
    axes.barh(
        y,
        [entry["permutation_mean"] for entry in entries],
        0.92 * height,
        xerr=[entry["permutation_std"] for entry in entries],
        color=color,
        error_kw={"lw": 0.8, "ecolor": "#374151"},
        label=model,
    )
