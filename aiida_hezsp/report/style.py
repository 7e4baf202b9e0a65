"""One look for all figures, without pyplot and its global state."""

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = (
    "COLORS",
    "GREY",
    "STANDIN_MARK",
    "WIDTH",
    "data_uri",
    "mark_standin",
    "new_figure",
    "settle",
    "styled",
)

# Okabe and Ito's palette: told apart with every kind of colour vision.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GREY = "#8a8f98"
WIDTH = 5.8  # inches: still readable on the width of a phone
STANDIN_MARK = "stand-in labels: no VASP ran"
_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#4b5563",
    "axes.labelcolor": "#1f2937",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e5e7eb",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "svg.hashsalt": "aiida-hezsp",  # the same figure gives the same file
}
_RASTER_DPI = 160


@contextmanager
def styled() -> Iterator[None]:
    """Use the look inside a `with` block."""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        yield


def new_figure(width: float, height: float) -> "Figure":
    """Return an empty figure of the given size (inches)."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", dpi=_RASTER_DPI)


def mark_standin(figure: "Figure", standin: bool) -> None:
    """Write across a figure that its labels come from the stand-in, if they do."""
    if not standin:
        return
    figure.text(
        0.5,
        0.5,
        STANDIN_MARK,
        ha="center",
        va="center",
        rotation=18,
        fontsize=17,
        color="#b45309",
        alpha=0.16,
        zorder=50,
    )


def settle(figure: "Figure") -> None:
    """Lay a figure out for good, to 1e-4 of its size.

    The solver behind constrained layouts differs from run to run in the last digits, and an SVG names its clip paths by
    a hash of all digits.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        axes.set_position([round(float(value), 4) for value in axes.get_position(original=True).bounds])


def data_uri(figure: "Figure") -> str:
    """Return a figure as an SVG data URI; points drawn with `rasterized=True` are pixels inside it."""
    buffer = io.BytesIO()
    with styled():
        settle(figure)
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
