"""Predicted MSD: the highest with their intervals, and the distribution of all."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aiida_hezsp.provenance.distribution import REGIONS, region_of
from aiida_hezsp.provenance.predictions import RankedPrediction
from aiida_hezsp.report.style import COLORS, GREY, WIDTH, mark_standin, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ("REGIONS", "distribution_figure", "ranking_figure")

_SHADES = {"low": "#f3f4f6", "medium": "#e0f2fe", "high": "#dcfce7"}
_TOP = 25
_MIN_BINS, _MAX_BINS = 8, 60


def ranking_figure(ranked: Sequence[RankedPrediction], *, standin: bool) -> "Figure":
    """Draw the first predictions of a ranking with their intervals."""
    rows = list(ranked[:_TOP])[::-1]
    with styled():
        figure = new_figure(WIDTH, 1.2 + 0.25 * len(rows))
        axes = figure.subplots()
        for level, row in enumerate(rows):
            if row.msd_low is not None and row.msd_high is not None:
                axes.plot([row.msd_low, row.msd_high], [level, level], color=GREY, lw=1.6, solid_capstyle="round")
            inside = not row.outside_domain
            axes.plot(row.msd, level, "o", color=COLORS[0], mfc=COLORS[0] if inside else "white", ms=5.5)
        axes.plot([], [], "o", color=COLORS[0], label="inside the training range")
        axes.plot([], [], "o", color=COLORS[0], mfc="white", label="a feature lies outside of it")
        axes.set_yticks(range(len(rows)), [f"{row.rank}  {row.formula}" for row in rows], fontsize=7.5)
        axes.set_xlim(left=0)
        axes.grid(visible=False, axis="y")
        coverage = next((row.coverage for row in rows if row.coverage is not None), None)
        interval = "" if coverage is None else f", with its interval of {100 * coverage:.0f} %"
        axes.set_xlabel(f"predicted MSD (Å²){interval}")
        figure.suptitle(f"Highest {len(rows)} of {len(ranked)}", x=0.01, ha="left", fontweight="bold")
        figure.legend(loc="outside upper right", ncols=2)
        mark_standin(figure, standin)
    return figure


def distribution_figure(ranked: Sequence[RankedPrediction], *, standin: bool) -> "Figure":
    """Draw the distribution of all predicted MSD over the regions low, medium and high."""
    values = np.array([row.msd for row in ranked])
    right = max(float(values.max()) * 1.05, 1.0)
    bins = int(np.clip(np.sqrt(len(values)) * 1.5, _MIN_BINS, _MAX_BINS))
    with styled():
        figure = new_figure(WIDTH, 3.0)
        axes = figure.subplots()
        axes.hist(values, bins=np.linspace(0.0, right, bins + 1), color=COLORS[0], edgecolor="white", lw=0.5)
        counts = Counter(map(region_of, values.tolist()))
        for name, (low, high) in REGIONS.items():
            if low < right:
                axes.axvspan(low, min(high, right), color=_SHADES[name], zorder=0, lw=0)
                middle = (low + min(high, right)) / 2
                axes.text(
                    middle, 0.97, f"{name}: {counts[name]}", transform=axes.get_xaxis_transform(), ha="center", va="top"
                )
        axes.set_xlim(0, right)
        axes.margins(y=0.2)
        axes.set_title(f"Distribution of {len(values)} predicted MSD")
        axes.set_xlabel("predicted MSD (Å²)")
        axes.set_ylabel("compositions")
        mark_standin(figure, standin)
    return figure
