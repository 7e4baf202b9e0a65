"""Figures of the transfer checks: relaxations (paper, Table 1) and dynamics (paper, Fig. 3)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.report.style import COLORS, WIDTH, mark_standin, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ("dynamics_figure", "relaxation_figure")

_FS_PER_PS = 1000.0
_NAMES = {"aimd": "AIMD", "chgnet": "CHGNet"}
_STYLES = {"aimd": {"lw": 1.8, "ls": "-"}, "chgnet": {"lw": 1.2, "ls": (0, (4, 2))}}
_DENSITY = "_bond_density_"


def relaxation_figure(report: Mapping[str, Any], *, standin: bool) -> "Figure":
    """Draw dV, RSSD and the ratio of times by structure.

    Args:
        report: of `hezsp.checks.relaxation`.
        standin: whether the stand-in made the DFT labels.
    """
    rows = report["structures"]
    labels, y = list(rows), np.arange(len(rows))
    panels: list[tuple[str, list[float], float | None]] = [
        ("ΔV (%)", [row["dv_percent"] for row in rows.values()], 1.0),
        ("RSSD (Å)", [row["rssd"] for row in rows.values()], 1.0),
        ("DFT time / CHGNet time", [_ratio(row) for row in rows.values()], None),
    ]
    with styled():
        figure = new_figure(WIDTH * 1.25, 1.5 + 0.28 * len(rows))
        axes = figure.subplots(1, 3, sharey=True)
        figure.suptitle(f"CHGNet against DFT: {len(rows)} relaxations", x=0.01, ha="left", fontweight="bold")
        for ax, (title, values, limit), color in zip(axes, panels, COLORS, strict=False):
            ax.barh(y, values, color=color, height=0.62)
            ax.set_xlabel(title)
            if limit is not None:
                ax.axvline(limit, color="#111827", lw=0.8, ls=":")
        axes[0].set_yticks(y, labels, fontsize=7.5)
        axes[0].invert_yaxis()
        mark_standin(figure, standin)
    return figure


def dynamics_figure(curves: Mapping[str, NDArray[Any]], title: str, *, standin: bool) -> "Figure":
    """Draw the bond-length distributions and the MSD curves of one or two runs.

    Args:
        curves: `<run>_times` (fs), `<run>_msd` (A^2), `bond_lengths` (A), `<run>_bond_density_<pair>` (1/A), for `aimd`
            and, where there is one, `chgnet`.
        title: of the figure.
        standin: whether the stand-in made the DFT labels.
    """
    with styled():
        figure = new_figure(WIDTH * 1.35, 3.6)
        left, right = figure.subplots(1, 2)
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
        _bonds(left, curves)
        for run, color in zip(_NAMES, COLORS, strict=False):
            if f"{run}_msd" in curves:
                times = curves[f"{run}_times"] / _FS_PER_PS
                right.plot(times, curves[f"{run}_msd"], color=color, label=_NAMES[run], **_STYLES[run])
        right.set_title("Mean squared displacement")
        right.set_xlabel("time lag (ps)")
        right.set_ylabel("MSD (Å²)")
        right.set_xlim(left=0)
        right.set_ylim(bottom=0)
        right.legend(loc="upper left")
        mark_standin(figure, standin)
    return figure


def _bonds(axes: "Axes", curves: Mapping[str, NDArray[Any]]) -> None:
    """Draw the distributions: a colour for each pair, a line style for each run."""
    pairs = sorted({name.partition(_DENSITY)[2] for name in curves if _DENSITY in name})
    axes.set_title("Bond lengths")
    for number, pair in enumerate(pairs):
        for run in _NAMES:
            if (name := f"{run}{_DENSITY}{pair}") in curves:
                label = pair.replace("_", "-") if run == "aimd" else None
                color = COLORS[number % len(COLORS)]
                axes.plot(curves["bond_lengths"], curves[name], color=color, label=label, **_STYLES[run])
    axes.set_xlabel("length (Å)" + ("; dashed: CHGNet" if any("chgnet" in name for name in curves) else ""))
    axes.set_ylabel("neighbours per Å")
    axes.set_ylim(bottom=0)
    if pairs:
        seen = np.flatnonzero(np.sum([values for name, values in curves.items() if _DENSITY in name], axis=0))
        axes.set_xlim(left=max(0.0, float(curves["bond_lengths"][seen[0]]) - 0.1) if len(seen) else 0.0)
        axes.legend(loc="upper right", ncols=2 if len(pairs) > 4 else 1)  # noqa: PLR2004 - what one column has room for


def _ratio(row: Mapping[str, Any]) -> float:
    """Return how many times longer DFT took."""
    return float(row["dft"]["time_s"] / max(row["chgnet"]["time_s"], 1e-3))
