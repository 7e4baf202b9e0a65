"""Diffusion coefficients from MSD curves, and the conductivity they imply."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.constants import Boltzmann, elementary_charge

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.transport.msd import msd_per_ion
from aiida_hezsp.transport.window import WINDOW, window_slice

__all__ = ("diffusion_coefficient", "diffusion_error", "nernst_einstein")

A2_PER_FS_IN_CM2_PER_S = 0.1
CM3_PER_A3 = 1e-24
MILLI = 1e3


def diffusion_coefficient(msd: ArrayLike, times_fs: ArrayLike, window: tuple[float, float] = WINDOW) -> float:
    """Return the tracer diffusion coefficient in cm^2/s: the slope of MSD(dt) over 6.

    The line is fitted by least squares, with an intercept (it takes up the vibrations).

    Args:
        msd: (frames,) in A^2.
        times_fs: (frames,) time differences in fs, equally spaced from 0.
        window: fractions of the run over which the line is fitted.
    """
    values = np.asarray(msd, dtype=np.float64)
    return float(_slopes(values[:, None], times_fs, window)[0] / 6.0 * A2_PER_FS_IN_CM2_PER_S)


def diffusion_error(positions: ArrayLike, times_fs: ArrayLike, window: tuple[float, float] = WINDOW) -> float:
    """Return the standard error of `diffusion_coefficient` in cm^2/s, from the spread of the ions' slopes.

    The same estimator as `msd_target_error`, with the same limit: ions are taken as independent.

    Args:
        positions: (frames, ions, 3), unwrapped, in A; two ions at least.
        times_fs: (frames,) in fs.
        window: fractions of the run over which the lines are fitted.
    """
    slopes = _slopes(msd_per_ion(positions), times_fs, window)
    if len(slopes) < 2:  # noqa: PLR2004 - one ion has no spread
        raise TrajectoryError("the error of D comes from the spread among ions: at least 2 are needed, 1 is given")
    return float(slopes.std(ddof=1) / np.sqrt(len(slopes)) / 6.0 * A2_PER_FS_IN_CM2_PER_S)


def nernst_einstein(diffusivity: float, n_ions: float, volume: float, temperature: float, charge: float = 1.0) -> float:
    """Return the ionic conductivity in mS/cm: sigma = n q^2 D / (k_B T), Haven ratio 1.

    Args:
        diffusivity: tracer diffusion coefficient in cm^2/s.
        n_ions: number of mobile ions in the cell.
        volume: volume of the cell in A^3.
        temperature: in K.
        charge: of a mobile ion, in elementary charges.
    """
    if volume <= 0.0 or temperature <= 0.0:
        raise TrajectoryError(f"volume {volume:g} A^3, temperature {temperature:g} K: both must be positive")
    density = n_ions / (volume * CM3_PER_A3)
    return float(MILLI * density * (charge * elementary_charge) ** 2 * diffusivity / (Boltzmann * temperature))


def _slopes(curves: NDArray[np.float64], times_fs: ArrayLike, window: tuple[float, float]) -> NDArray[np.float64]:
    """Return the least-squares slope in A^2/fs of every column of curves (frames, n) in a window."""
    times = np.asarray(times_fs, dtype=np.float64)
    if len(times) != len(curves):
        raise TrajectoryError(f"{len(times)} times do not belong to {len(curves)} values of the MSD")
    chosen = window_slice(len(times), window)
    t = times[chosen] - times[chosen].mean()
    slopes: NDArray[np.float64] = t @ curves[chosen] / (t @ t)
    return slopes
