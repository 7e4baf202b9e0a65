"""Errors of the SF-MSD models by split, and which features they rely on."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from aiida_hezsp.report.style import COLORS, WIDTH, mark_standin, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ("errors_figure", "importance_figure")

_BARS = (COLORS[0], COLORS[2], COLORS[4], COLORS[5])  # orange-red is the noise floor's
Nested = Mapping[str, Mapping[str, Mapping[str, Any]]]


def errors_figure(
    metrics: Nested,
    target_std: float | None,
    *,
    standin: bool,
    noise_floor: Mapping[str, float | None] | None = None,
) -> "Figure":
    """Draw RMSE and largest error of every model on every split.

    Args:
        metrics: model -> split -> `rmse`, `max_ae` (A^2) and `n`.
        target_std: spread of all targets (A^2): what a model that always says the mean would miss by.
        standin: whether the stand-in made the labels.
        noise_floor: by split, the error of the targets themselves (A^2), where it is known.
    """
    splits = list(dict.fromkeys(split for model in metrics.values() for split in model))
    with styled():
        figure = new_figure(WIDTH, 3.4)
        axes = figure.subplots(1, 2)
        _metric_panel(axes[0], metrics, splits, "rmse", "RMSE (Å²)")
        _metric_panel(axes[1], metrics, splits, "max_ae", "largest error (Å²)")
        if target_std is not None:
            axes[0].axhline(target_std, color="#111827", lw=0.9, ls="--", label="spread of the targets")
        floors = {split: floor for split, floor in (noise_floor or {}).items() if floor is not None and split in splits}
        for number, (split, floor) in enumerate(floors.items()):
            x, label = splits.index(split), None if number else "noise of the targets"
            axes[0].plot([x - 0.45, x + 0.45], [floor, floor], color=COLORS[1], lw=1.6, label=label)
        figure.suptitle("Errors of the SF-MSD models", x=0.01, ha="left", fontweight="bold")
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        mark_standin(figure, standin)
    return figure


def _metric_panel(axes: "Axes", metrics: Nested, splits: list[str], metric: str, label: str) -> None:
    """Draw one measure of error: groups of splits, a bar a model."""
    width = 0.8 / len(metrics)
    for number, (model, by_split) in enumerate(metrics.items()):
        known = [(i, by_split[s]) for i, s in enumerate(splits) if by_split.get(s, {}).get(metric) is not None]
        x = np.array([i + (number - (len(metrics) - 1) / 2) * width for i, _ in known])
        bars = axes.bar(
            x, [entry[metric] for _, entry in known], 0.92 * width, color=_BARS[number % len(_BARS)], label=model
        )
        axes.bar_label(bars, [f"{entry[metric]:.3g}" for _, entry in known], fontsize=6.5, padding=2)
    first = next(iter(metrics.values()))
    words = {split: split.replace("_", "\n") for split in splits}  # names such as test_multinary are wide
    names = [
        f"{words[split]}\nn = {first[split]['n']}" if "n" in first.get(split, {}) else words[split] for split in splits
    ]
    axes.set_xticks(range(len(splits)), names, fontsize=7)
    axes.grid(visible=False, axis="x")
    axes.margins(y=0.14)
    axes.set_ylabel(label)


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
            _bars(axes, y, [by_feature[name] for name in features], height, _BARS[number % len(_BARS)], model)
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
