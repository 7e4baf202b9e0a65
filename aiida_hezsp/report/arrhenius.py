"""Arrhenius lines of diffusion from MD at several temperatures (as the paper's Fig. 6 c)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.units import kB
from numpy.typing import NDArray

from aiida_hezsp.report.style import COLORS, WIDTH, mark_standin, new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ("arrhenius_figure",)

_MARKERS = ("o", "s", "^", "D")
_LARGEST = 60.0  # of an exponent: error bands of an undetermined line leave every page


def arrhenius_figure(laws: Mapping[str, Mapping[str, Any]], *, standin: bool) -> "Figure":
    """Draw D against 1000/T with errors, the fitted lines with their bands, down to the temperature extrapolated to.

    Args:
        laws: by formula, what `summarise_transport` returns.
        standin: whether the stand-in made the labels.
    """
    with styled():
        figure = new_figure(WIDTH, 4.0)
        axes = figure.subplots()
        axes.set_yscale("log")
        for number, (formula, law) in enumerate(laws.items()):
            _one(axes, formula, law, COLORS[number % len(COLORS)], _MARKERS[number % len(_MARKERS)])
        axes.set_xlabel("1000 K / T")
        axes.set_ylabel("D (cm²/s)")
        figure.suptitle("Diffusion of the mobile ions", x=0.01, ha="left", fontweight="bold")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", fontsize=7.5)
        mark_standin(figure, standin)
    return figure


def _one(axes: "Axes", formula: str, law: Mapping[str, Any], color: str, marker: str) -> None:
    """Draw the points and the line of one structure."""
    known = [k for k, value in enumerate(law["diffusivities"]) if value is not None]
    T = np.array([law["temperatures"][k] for k in known])
    D = np.array([law["diffusivities"][k] for k in known])
    errors = np.array([law["diffusivity_errors"][k] for k in known])
    lower = np.minimum(errors, 0.999 * D)  # a bar must not reach zero on this axis
    axes.errorbar(1000 / T, D, yerr=[lower, errors], fmt=marker, color=color, ms=5, elinewidth=0.9, capsize=2,
                  label=_label(formula, law))  # fmt: skip
    fit = law["arrhenius"]
    if fit is None:
        return
    inverse = np.linspace(1 / T.max(), 1 / min(fit["temperature"], T.min()), 100)
    ln_d = fit["ln_prefactor"] - fit["activation_energy"] / kB * inverse
    axes.plot(1000 * inverse, np.exp(ln_d), color=color, lw=1.2)
    if fit["covariance"] is not None:
        width = np.minimum(_error(np.array(fit["covariance"]), inverse), _LARGEST)
        axes.fill_between(1000 * inverse, np.exp(ln_d - width), np.exp(ln_d + width), color=color, alpha=0.15, lw=0)
    axes.plot(1000 / fit["temperature"], fit["diffusivity"], marker, color=color, mfc="white", ms=6)


def _error(covariance: NDArray[np.float64], inverse: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standard error of ln D at inverse temperatures (1/K)."""
    slope = -inverse / kB
    variance = covariance[0, 0] + 2 * slope * covariance[0, 1] + slope**2 * covariance[1, 1]
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def _label(formula: str, law: Mapping[str, Any]) -> str:
    """Return formula, activation energy and extrapolated conductivity."""
    fit = law["arrhenius"]
    if fit is None:
        return f"{formula}: no line"
    error = fit["activation_energy_error"]
    energy = f"{fit['activation_energy']:.3f}" + ("" if error is None else f" ± {error:.3f}")
    low, high = fit["conductivity_low"], fit["conductivity_high"]
    between = "" if low is None else f" ({low:.2g} to {high:.2g})"
    sigma = f"$\\sigma$({fit['temperature']:g} K) = {fit['conductivity']:.3g}{between} mS/cm"
    return f"{formula}\n$E_a$ = {energy} eV, {sigma}"
