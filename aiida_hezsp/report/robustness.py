"""Predictions of many random decorations of one composition (as the paper's Fig. 5)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from aiida_hezsp.report.style import COLORS, GREY, WIDTH, mark_standin, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ("robustness_figure",)

_MEV = 1000.0
_MIN_BINS, _MAX_BINS = 6, 40


def robustness_figure(report: Mapping[str, Any], title: str, *, standin: bool) -> "Figure":
    """Draw how energy, volume and the prediction of each model are distributed over the decorations.

    Args:
        report: of `hezsp.robustness`.
        title: of the figure, e.g. the formula.
        standin: whether the stand-in made the labels.
    """
    energies = np.array(report["energies"])
    panels = [
        ("energy - mean (meV/atom)", _MEV * (energies - energies.mean()), GREY, "energy"),
        ("volume (Å³)", np.array(report["volumes"]), GREY, "volume"),
        *(
            (f"MSD by {kind} (Å²)", np.array(values), COLORS[number % len(COLORS)], kind)
            for number, (kind, values) in enumerate(report["predictions"].items())
        ),
    ]
    everything = np.concatenate([np.array(values) for values in report["predictions"].values()] or [np.zeros(1)])
    limits = (float(everything.min()) - 1.0, float(everything.max()) + 1.0)  # the models side by side
    bins = int(np.clip(np.sqrt(len(energies)) * 1.5, _MIN_BINS, _MAX_BINS))
    n_rows = -(-len(panels) // 2)
    with styled():
        figure = new_figure(WIDTH, 0.5 + 1.75 * n_rows)
        axes = figure.subplots(n_rows, 2, squeeze=False).ravel()
        for ax, (label, values, color, name) in zip(axes, panels, strict=False):
            ax.hist(values, bins=bins, color=color, edgecolor="white", lw=0.4)
            spread = report["spread"][name]["std"]
            scale = _MEV if name == "energy" else 1.0
            text = "" if spread is None else f"standard deviation {scale * spread:.3g}"
            ax.set_title(text, fontsize=8.5, fontweight="normal")
            if name in report["predictions"]:
                ax.set_xlim(limits)
            ax.set_xlabel(label)
        for ax in axes[len(panels) :]:
            ax.set_visible(False)
        figure.supylabel("decorations", fontsize=9)
        figure.suptitle(f"{title}: {len(energies)} decorations", x=0.01, ha="left", fontweight="bold")
        mark_standin(figure, standin)
    return figure
