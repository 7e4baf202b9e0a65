"""The MSD values that SF-MSD models are trained on, and those that were removed (as the paper's Fig. S7)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aiida_hezsp.report.style import COLORS, GREY, WIDTH, mark_standin, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ("targets_figure",)

_MIN_BINS, _MAX_BINS = 8, 40


def targets_figure(kept: Sequence[float], removed: Sequence[float], *, standin: bool) -> "Figure":
    """Draw how the targets are distributed before and after cleaning.

    Args:
        kept: MSD of the rows that are left, A^2.
        removed: MSD of the rows that were removed, A^2.
        standin: whether the stand-in made the labels.
    """
    everything = np.array([*kept, *removed])
    bins = int(np.clip(np.sqrt(len(everything)) * 1.5, _MIN_BINS, _MAX_BINS))
    edges = np.linspace(0.0, max(float(everything.max()) * 1.001, 1e-9), bins + 1)
    with styled():
        figure = new_figure(WIDTH, 2.8)
        axes = figure.subplots()
        labels = [f"kept: {len(kept)}", f"removed: {len(removed)}"]
        axes.hist(
            [np.array(kept), np.array(removed)],
            bins=edges,
            stacked=True,
            color=[COLORS[0], GREY],
            edgecolor="white",
            lw=0.5,
            label=labels,
        )
        axes.set_title(f"MSD of {len(everything)} MD runs")
        axes.set_xlabel("MSD (Å²)")
        axes.set_ylabel("compositions")
        axes.legend()
        mark_standin(figure, standin)
    return figure
