"""Arrhenius laws: ln D = ln D0 - E_a / (k_B T), fitted with errors and extrapolated with errors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import Boltzmann, elementary_charge

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.transport.diffusion import nernst_einstein

__all__ = ("ArrheniusFit", "fit_arrhenius")

BOLTZMANN_EV = Boltzmann / elementary_charge


@dataclass(frozen=True)
class ArrheniusFit:
    """A fitted Arrhenius law.

    `activation_energy` and its error are in eV, `ln_prefactor` is ln(D0 / (cm^2/s)), `covariance` is that of
    (ln_prefactor, activation_energy). Errors are one standard deviation; they are None where nothing can be
    said (two temperatures without errors of their own).
    """

    activation_energy: float
    ln_prefactor: float
    covariance: NDArray[np.float64] | None
    temperatures: tuple[float, ...]
    diffusivities: tuple[float, ...]

    @property
    def activation_energy_error(self) -> float | None:
        """Standard error of the activation energy in eV."""
        return None if self.covariance is None else float(np.sqrt(self.covariance[1, 1]))

    def diffusivity(self, temperature: float) -> float:
        """Return D(T) in cm^2/s."""
        return float(np.exp(self.ln_prefactor - self.activation_energy / (BOLTZMANN_EV * temperature)))

    def relative_error(self, temperature: float) -> float | None:
        """Return the standard error of ln D(T), which is the relative one of D(T) and of sigma(T)."""
        if self.covariance is None:
            return None
        gradient = np.array([1.0, -1.0 / (BOLTZMANN_EV * temperature)])
        return float(np.sqrt(gradient @ self.covariance @ gradient))

    def diffusivity_error(self, temperature: float) -> float | None:
        """Return the standard error of D(T) in cm^2/s, to first order."""
        relative = self.relative_error(temperature)
        return None if relative is None else relative * self.diffusivity(temperature)

    def conductivity(self, temperature: float, n_ions: float, volume: float, charge: float = 1.0) -> float:
        """Return sigma(T) in mS/cm by Nernst-Einstein; arguments as there."""
        return nernst_einstein(self.diffusivity(temperature), n_ions, volume, temperature, charge)

    def conductivity_error(self, temperature: float, n_ions: float, volume: float, charge: float = 1.0) -> float | None:
        """Return the standard error of sigma(T) in mS/cm, to first order; the volume counts as exact."""
        relative = self.relative_error(temperature)
        return None if relative is None else relative * self.conductivity(temperature, n_ions, volume, charge)


def fit_arrhenius(temperatures: ArrayLike, diffusivities: ArrayLike, errors: ArrayLike | None = None) -> ArrheniusFit:
    """Fit ln D against 1/T (a fit of bare ln sigma would bend: sigma T, not sigma, follows the law).

    Args:
        temperatures: in K, at least two different ones.
        diffusivities: in cm^2/s, positive.
        errors: standard errors of the diffusivities in cm^2/s. With them the fit is weighted by (D / error)^2
            and its covariance follows from them alone; without, the covariance is that of the residuals.

    Raises:
        TrajectoryError: the data are too few, not positive, or of different lengths.
    """
    t, d, weights = _checked(temperatures, diffusivities, errors)
    design = np.stack([np.ones_like(t), -1.0 / (BOLTZMANN_EV * t)], axis=1)
    inverse = np.linalg.inv(design.T @ (weights[:, None] * design))
    solution = inverse @ (design.T @ (weights * np.log(d)))
    covariance: NDArray[np.float64] | None = inverse
    if errors is None:
        residuals = np.log(d) - design @ solution
        freedom = len(t) - 2
        covariance = None if freedom == 0 else inverse * float(residuals @ residuals) / freedom
    return ArrheniusFit(float(solution[1]), float(solution[0]), covariance, tuple(t.tolist()), tuple(d.tolist()))


def _checked(
    temperatures: ArrayLike, diffusivities: ArrayLike, errors: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return temperatures, diffusivities and weights of ln D as checked arrays."""
    t, d = np.asarray(temperatures, dtype=np.float64), np.asarray(diffusivities, dtype=np.float64)
    if t.shape != d.shape or len(np.unique(t)) < 2:  # noqa: PLR2004 - a line needs two points
        raise TrajectoryError(
            f"an Arrhenius law needs one diffusivity for each of at least 2 temperatures, "
            f"got {d.size} for {np.unique(t)}"
        )
    if not (np.isfinite(t) & np.isfinite(d) & (t > 0.0) & (d > 0.0)).all():
        raise TrajectoryError("temperatures and diffusivities of an Arrhenius law must be positive and finite")
    if errors is None:
        return t, d, np.ones_like(t)
    e = np.asarray(errors, dtype=np.float64)
    if e.shape != t.shape or not (np.isfinite(e) & (e > 0.0)).all():
        raise TrajectoryError("each diffusivity needs a positive error, or none has one")
    return t, d, (d / e) ** 2
