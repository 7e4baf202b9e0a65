"""Mean squared displacement against time of the MD runs that models were trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.report.style import COLORS, GREY, WIDTH, mark_standin, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ("MsdCurve", "msd_figure")

_FS_PER_PS = 1000.0
_NAMED = len(COLORS)
_MAX_SAMPLES = 400


@dataclass(frozen=True)
class MsdCurve:
    """MSD (frames,) in A^2 over all time origins against the lag, `times` (frames,) in fs, of one run."""

    label: str
    formula: str
    times: NDArray[Any]
    msd: NDArray[Any]


def msd_figure(curves: Sequence[MsdCurve], window: tuple[float, float], *, standin: bool) -> "Figure":
    """Draw all curves, name those that reach highest, shade the window whose mean is the target.

    Args:
        curves: the runs.
        window: fractions of a run between which the MSD is averaged, e.g. (0.2, 0.8).
        standin: whether the stand-in made the labels behind the model that ran the MD.
    """
    inside = {id(curve): _target(curve, window) for curve in curves}
    ordered = sorted(curves, key=lambda curve: inside[id(curve)])
    with styled():
        figure = new_figure(WIDTH, 3.8)
        axes = figure.subplots()
        for curve in ordered[:-_NAMED]:
            axes.plot(*_thinned(curve), color=GREY, lw=0.7, alpha=0.6)
        for color, curve in zip(COLORS, reversed(ordered[-_NAMED:]), strict=False):
            label = f"{curve.formula}: {inside[id(curve)]:.3g} Å²"
            axes.plot(*_thinned(curve), color=color, lw=1.5, label=label)
        length = max(float(curve.times[-1]) for curve in curves) / _FS_PER_PS
        axes.axvspan(window[0] * length, window[1] * length, color="#fde68a", alpha=0.35, lw=0, zorder=0)
        axes.set_xlim(0, length)
        axes.set_ylim(bottom=0)
        axes.set_title(f"MSD of the training set ({len(curves)} runs)")
        axes.set_xlabel("time lag (ps); shaded: the window whose mean is the target")
        axes.set_ylabel("MSD (Å²)")
        axes.legend(loc="upper left", title=f"highest {min(_NAMED, len(curves))}, with target", title_fontsize=8)
        mark_standin(figure, standin)
    return figure


def _target(curve: MsdCurve, window: tuple[float, float]) -> float:
    end = float(curve.times[-1])
    chosen = (curve.times >= window[0] * end) & (curve.times <= window[1] * end)
    return float(np.mean(curve.msd[chosen])) if chosen.any() else float(curve.msd[-1])


def _thinned(curve: MsdCurve) -> tuple[NDArray[Any], NDArray[Any]]:
    step = max(1, len(curve.times) // _MAX_SAMPLES)
    return curve.times[::step] / _FS_PER_PS, curve.msd[::step]
