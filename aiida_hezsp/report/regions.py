"""Predictions of the three regions beside MD of the same structures (as the paper's Fig. 6 a and b)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from aiida_hezsp.report.style import COLORS, GREY, WIDTH, mark_standin, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ("regions_figure",)

_REGION_COLORS = {"high": COLORS[2], "medium": COLORS[0], "low": COLORS[3]}
_PERCENT = 100.0


def regions_figure(report: Mapping[str, Any], *, standin: bool) -> "Figure":
    """Draw predicted MSD with intervals and MSD by MD, and the error of every prediction.

    Args:
        report: of `hezsp.verify`, output `regions`: `rows`, `summary`, `rule`.
        standin: whether the stand-in made the labels.
    """
    rows = list(report["rows"])[::-1]
    with styled():
        figure = new_figure(WIDTH * 1.15, 1.5 + 0.24 * len(rows))
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        _values(left, rows)
        _errors(right, rows, report["rule"])
        left.set_yticks(range(len(rows)), [row["formula"] for row in rows], fontsize=7)
        accepted, checked = report["summary"]["all"]["accepted"], report["summary"]["all"]["checked"]
        title = f"Checked by MD: {accepted} of {checked} predictions accepted"
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=4)
        mark_standin(figure, standin)
    return figure


def _values(axes: "Axes", rows: list[Mapping[str, Any]]) -> None:
    """Draw predictions with their intervals, and the MD with its error."""
    y = np.arange(len(rows))
    for level, row in enumerate(rows):
        if row["predicted_low"] is not None and row["predicted_high"] is not None:
            axes.plot([row["predicted_low"], row["predicted_high"]], [level, level], color=GREY, lw=1.6, zorder=1)
    errors = [row["md_error"] or 0.0 for row in rows]
    axes.errorbar([row["md"] for row in rows], y, xerr=errors, fmt="D", color="#111827", ms=3.6, elinewidth=0.8,
                  label="MD")  # fmt: skip
    for region, color in _REGION_COLORS.items():
        chosen = [(row["predicted"], level) for level, row in enumerate(rows) if row["region"] == region]
        if chosen:
            axes.plot(*zip(*chosen, strict=True), "o", color=color, ms=5, label=f"predicted: {region}", zorder=3)
    axes.set_xlim(left=0)
    axes.set_xlabel("MSD (Å²)")
    axes.grid(visible=False, axis="y")


def _errors(axes: "Axes", rows: list[Mapping[str, Any]], rule: Mapping[str, Any]) -> None:
    """Draw prediction minus MD: filled where it is accepted, with the relative error written beside."""
    for level, row in enumerate(rows):
        color = _REGION_COLORS[row["region"]]
        axes.barh(level, row["error"], 0.62, color=color if row["accepted"] else "white", edgecolor=color, lw=1.0)
        if row["relative_error"] is not None:
            text, side = f"{_PERCENT * row['relative_error']:+.0f} %", 1 if row["error"] >= 0 else -1
            axes.annotate(text, (row["error"], level), (3 * side, 0), textcoords="offset points", fontsize=6.5,
                          va="center", ha="left" if side > 0 else "right")  # fmt: skip
    for limit in (-rule["max_error"], rule["max_error"]):
        axes.axvline(limit, color="#4b5563", lw=0.8, ls=":")
    axes.axvline(0.0, color="#4b5563", lw=0.8)
    axes.use_sticky_edges = False
    axes.margins(x=0.4)
    axes.set_xlabel("prediction - MD (Å²);\nempty: not accepted")
    axes.grid(visible=False, axis="y")
