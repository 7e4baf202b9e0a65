"""Parity of a potential with DFT, before and after fine-tuning (as the paper's Fig. 2)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.report.style import COLORS, GREY, WIDTH, mark_standin, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ("PARITY_SPLITS", "parity_figure")

PARITY_SPLITS = ("test", "unseen")
_MAX_POINTS = 6000
_MANY = 400
_MILLI = 1000.0
_MARKERS = {"test": "o", "unseen": "^"}


def parity_figure(arrays: Mapping[str, NDArray[Any]], title: str, *, standin: bool) -> "Figure":
    """Draw energies and forces of images the model was not trained on against their labels.

    Args:
        arrays: of the output `predictions` of `hezsp.finetune`: `split` (N,), `n_atoms` (N,), and for `reference`,
            `before` and `after`: `_energies` (N,) eV/atom, `_forces` (sum n_atoms, 3) eV/A.
        title: of the figure.
        standin: whether the stand-in made the labels.
    """
    split = np.char.decode(arrays["split"], "utf8") if arrays["split"].dtype.kind == "S" else arrays["split"]
    chosen = {name: split == name for name in PARITY_SPLITS if (split == name).any()} or {
        "all images": np.ones(len(split), dtype=bool)
    }
    with styled():
        figure = new_figure(WIDTH, 3.9)
        axes = figure.subplots(1, 2)
        figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
        _panel(axes[0], arrays, chosen, "energies", "energy", "eV/atom")
        atoms = {name: np.repeat(mask, arrays["n_atoms"]) for name, mask in chosen.items()}
        _panel(axes[1], arrays, atoms, "forces", "force component", "eV/A")
        mark_standin(figure, standin)
    return figure


def _panel(
    axes: "Axes",
    arrays: Mapping[str, NDArray[Any]],
    chosen: Mapping[str, NDArray[np.bool_]],
    name: str,
    what: str,
    unit: str,
) -> None:
    """Draw one quantity: grey before fine-tuning, blue after."""
    everything = []
    for moment, color in (("before", GREY), ("after", COLORS[0])):
        for split, mask in chosen.items():
            x, y = arrays[f"reference_{name}"][mask].ravel(), arrays[f"{moment}_{name}"][mask].ravel()
            everything += [x, y]
            error = _MILLI * np.abs(y - x).mean()
            x, y = _thinned(x, y)
            axes.plot(
                x,
                y,
                _MARKERS.get(split, "o"),
                color=color,
                ms=3.2 if len(x) > _MANY else 4.6,
                mew=0,
                alpha=0.65,
                rasterized=True,
                label=f"{moment}, {split}: MAE {error:.3g} m{_pretty(unit)}",
            )
    low, high = min(v.min() for v in everything), max(v.max() for v in everything)
    axes.plot([low, high], [low, high], color="#111827", lw=0.8, zorder=0)
    axes.set_title(what.capitalize())
    axes.set_xlabel(f"label ({_pretty(unit)})")
    axes.set_ylabel(f"CHGNet ({_pretty(unit)})")
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.2), handletextpad=0.2, fontsize=7.5, markerscale=1.3)


def _thinned(x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return at most `_MAX_POINTS` of the points, the same ones every time."""
    if len(x) <= _MAX_POINTS:
        return x, y
    kept = np.sort(np.random.default_rng(0).choice(len(x), _MAX_POINTS, replace=False))
    return x[kept], y[kept]


def _pretty(unit: str) -> str:
    return unit.replace("/A", "/Å")
