"""Parity of the SF-MSD models with MD, by split."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aiida_hezsp.report.style import COLORS, GREY, WIDTH, mark_standin, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ("sfmsd_parity_figure",)

TRAIN = "train"
_MARKERS = ("o", "^", "s", "D", "v")


def sfmsd_parity_figure(rows: Sequence[Mapping[str, Any]], *, standin: bool) -> "Figure":
    """Draw predicted against simulated MSD: a panel a model, grey what it was trained on, colours what it was not.

    Args:
        rows: of the training results: `split`, `target` (A^2), `predictions` (A^2, by model) and, where they are
            known, `target_error` (A^2).
        standin: whether the stand-in made the labels.
    """
    models = list(rows[0]["predictions"])
    splits = sorted({row["split"] for row in rows}, key=lambda split: (split != TRAIN, split))
    with styled():
        figure = new_figure(WIDTH, 2.9)
        panels = figure.subplots(1, len(models), sharex=True, sharey=True, squeeze=False)[0]
        for axes, model in zip(panels, models, strict=True):
            _panel(axes, rows, model, splits)
        panels[0].set_ylabel("predicted MSD (Å²)")
        panels[len(models) // 2].set_xlabel("MSD by MD (Å²)")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(len(splits), 4))
        mark_standin(figure, standin)
    return figure


def _panel(axes: "Axes", rows: Sequence[Mapping[str, Any]], model: str, splits: Sequence[str]) -> None:
    """Draw one model."""
    for number, split in enumerate(splits):
        chosen = [row for row in rows if row["split"] == split]
        x = np.array([row["target"] for row in chosen], dtype=float)
        y = np.array([row["predictions"][model] for row in chosen], dtype=float)
        error = np.array([row.get("target_error") or 0.0 for row in chosen], dtype=float)
        color = GREY if split == TRAIN else COLORS[(number - 1) % len(COLORS)]
        marker = _MARKERS[number % len(_MARKERS)]
        axes.errorbar(x, y, xerr=error, fmt=marker, color=color, ms=3.6, mew=0, elinewidth=0.6, alpha=0.8,
                      label=split, zorder=1 if split == TRAIN else 2)  # fmt: skip
    values = [row["target"] for row in rows] + [row["predictions"][model] for row in rows]
    low, high = min(values), max(values)
    axes.plot([low, high], [low, high], color="#111827", lw=0.8, zorder=0)
    axes.set_title(model)
