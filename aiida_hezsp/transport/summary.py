"""What is known of the transport in one structure: D and sigma at each temperature, and the Arrhenius law."""

import math
from collections.abc import Mapping
from typing import Any

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.transport.arrhenius import ArrheniusFit, fit_arrhenius
from aiida_hezsp.transport.diffusion import nernst_einstein

__all__ = ("ROOM_TEMPERATURE", "summarise_transport")

ROOM_TEMPERATURE = 300.0
Run = Mapping[str, Any]


def summarise_transport(
    runs: Mapping[float, Run], charge: float = 1.0, extrapolate_to: float = ROOM_TEMPERATURE
) -> dict[str, Any]:
    """Return D and sigma with errors at each temperature and, from two temperatures on, the Arrhenius law.

    D is that of kinisi (`method` kinisi) or, where that has no positive D and error (runs too short for it), the slope
    in the window with the error of the ions' spread (`window`). A run without a positive D and error by either has D
    and sigma of null and takes no part in the fit.

    Args:
        runs: the entries of `results` of `hezsp.md`, all of one structure, by temperature in K.
        charge: of a mobile ion, in elementary charges.
        extrapolate_to: temperature of the extrapolated conductivity in K.

    Returns:
        `n_mobile`, `volume` (A^3), `charge`, `temperatures` (K) and, one each: `diffusivities` (cm^2/s),
        `conductivities` (mS/cm), `msd` (A^2) and their errors, `methods`, `lengths_ps`; `arrhenius`: see
        `describe_law`, or null.

    Raises:
        TrajectoryError: no run is given.
    """
    if not runs:
        raise TrajectoryError("there is no MD run to take a diffusion coefficient from")
    temperatures = sorted(runs)
    ordered = [runs[temperature] for temperature in temperatures]
    n_mobile, volume = ordered[0]["n_mobile"], ordered[0]["volume"]
    found = [_diffusion(run) for run in ordered]
    per_d = [nernst_einstein(1.0, n_mobile, volume, temperature, charge) for temperature in temperatures]
    return {
        "n_mobile": n_mobile,
        "volume": volume,
        "charge": charge,
        "temperatures": temperatures,
        "diffusivities": [value for value, _, _ in found],
        "diffusivity_errors": [error for _, error, _ in found],
        "methods": [method for _, _, method in found],
        "conductivities": [_times(value, factor) for (value, _, _), factor in zip(found, per_d, strict=True)],
        "conductivity_errors": [_times(error, factor) for (_, error, _), factor in zip(found, per_d, strict=True)],
        "msd": [run["msd"] for run in ordered],
        "msd_errors": [run["msd_error"] for run in ordered],
        "lengths_ps": [run["length_ps"] for run in ordered],
        "arrhenius": _law(temperatures, found, n_mobile, volume, charge, extrapolate_to),
    }


def describe_law(
    fit: ArrheniusFit, n_mobile: float, volume: float, charge: float, temperature: float
) -> dict[str, float | list[list[float]] | None]:
    """Return an Arrhenius law and what it extrapolates to.

    `activation_energy` and its error (eV), `ln_prefactor` (of D0 in cm^2/s), `covariance` of (ln_prefactor,
    activation_energy), and at `temperature` (K): `diffusivity` (cm^2/s), `conductivity` (mS/cm) with its error to first
    order and, because the error of a far extrapolation is that of a factor, `conductivity_low` and `conductivity_high`,
    one standard error of ln sigma away.
    """
    sigma, relative = fit.conductivity(temperature, n_mobile, volume, charge), fit.relative_error(temperature)
    factor = None if relative is None else math.exp(min(relative, 300.0))
    return {
        "activation_energy": fit.activation_energy,
        "activation_energy_error": fit.activation_energy_error,
        "ln_prefactor": fit.ln_prefactor,
        "covariance": None if fit.covariance is None else fit.covariance.tolist(),
        "temperature": temperature,
        "diffusivity": fit.diffusivity(temperature),
        "diffusivity_error": fit.diffusivity_error(temperature),
        "conductivity": sigma,
        "conductivity_error": fit.conductivity_error(temperature, n_mobile, volume, charge),
        "conductivity_low": None if factor is None else sigma / factor,
        "conductivity_high": None if factor is None else sigma * factor,
    }


def _diffusion(run: Run) -> tuple[float | None, float | None, str | None]:
    """Return D, its error and where they are from; three times None where there is nothing."""
    posterior = run.get("diffusion") or {}
    for method, value, error in (
        ("kinisi", posterior.get("value"), posterior.get("error")),
        ("window", run["diffusion_coefficient"], run.get("diffusion_coefficient_error")),
    ):
        if _usable(value) and _usable(error):
            return value, error, method
    return None, None, None


def _usable(value: float | None) -> bool:
    """Return whether a number is there, positive and finite."""
    return value is not None and 0.0 < value < math.inf


def _law(
    temperatures: list[float],
    found: list[tuple[float | None, float | None, str | None]],
    n_mobile: float,
    volume: float,
    charge: float,
    temperature: float,
) -> dict[str, Any] | None:
    """Return the Arrhenius law of the temperatures that have a D, or None where there are fewer than two."""
    usable = [(t, value, error) for t, (value, error, _) in zip(temperatures, found, strict=True) if value is not None]
    if len(usable) < 2:  # noqa: PLR2004 - a line needs two points
        return None
    fit = fit_arrhenius(*zip(*usable, strict=True))
    return describe_law(fit, n_mobile, volume, charge, temperature)


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor
