"""Waterfall of one prediction: from the mean to the predicted MSD, feature by feature (as the paper's Fig. S12)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from aiida_hezsp.report.style import COLORS, WIDTH, mark_standin, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ("waterfall_figure",)


def waterfall_figure(
    formula: str, msd: float, shap: Mapping[str, float], features: Mapping[str, float], *, standin: bool
) -> "Figure":
    """Draw what every feature adds to the prediction, the largest on top.

    Args:
        formula: of the composition.
        msd: predicted, A^2.
        shap: SHAP values by feature, A^2; the prediction minus their sum is the mean prediction.
        features: their values.
        standin: whether the stand-in made the labels.
    """
    ordered = sorted(shap, key=lambda name: abs(shap[name]))
    level = base = msd - sum(shap.values())
    with styled():
        figure = new_figure(WIDTH, 1.2 + 0.26 * len(ordered))
        axes = figure.subplots()
        for row, name in enumerate(ordered):
            value = shap[name]
            axes.barh(row, value, 0.7, left=level, color=COLORS[0] if value >= 0 else COLORS[1])
            if row + 1 < len(ordered):
                axes.plot([level + value] * 2, [row - 0.35, row + 1.35], color="#4b5563", lw=0.7)
            end = max(level, level + value)
            axes.annotate(f"{value:+.3g}", (end, row), (3, 0), textcoords="offset points", va="center", fontsize=7.5)
            level += value
        axes.axvline(base, color="#4b5563", lw=0.8, ls=":", zorder=0)
        axes.axvline(msd, color="#111827", lw=0.8, ls="--", zorder=0)
        axes.set_yticks(range(len(ordered)), [_named(name, features) for name in ordered])
        axes.use_sticky_edges = False
        axes.margins(x=0.12, y=0.02)
        axes.grid(visible=False, axis="y")
        figure.suptitle(formula, x=0.01, ha="left", fontweight="bold")
        axes.set_title(f"{msd:.3g} Å², where the mean is {base:.3g} Å²", fontweight="normal", fontsize=9)
        axes.set_xlabel("MSD (Å²); every bar is what its feature adds")
        mark_standin(figure, standin)
    return figure


def _named(name: str, features: Mapping[str, float]) -> str:
    """Return a feature with its value."""
    return f"{name} = {features[name]:.4g}" if name in features else name
