"""Mean squared displacement over all time origins, and the number the regressors learn from it."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.transport.window import WINDOW, window_slice

__all__ = (
    "mean_squared_displacement",
    "msd_per_ion",
    "msd_target",
    "msd_target_error",
    "remove_drift",
)

Floats = NDArray[np.float64]


def remove_drift(positions: ArrayLike, framework: ArrayLike, masses: ArrayLike | None = None) -> Floats:
    """Remove the drift of the framework's centre of mass.

    Args:
        positions: (frames, atoms, 3), unwrapped, in A.
        framework: indices or mask of the atoms that define rest (all but the mobile ions).
        masses: (atoms,), any unit; all equal if not given.

    Returns:
        (frames, atoms, 3): the positions minus the centre's displacement since the first frame.
    """
    values = _as_trajectory(positions)
    chosen = np.asarray(framework)
    if chosen.size == 0 or (chosen.dtype == bool and not chosen.any()):
        raise TrajectoryError("no framework atom is named: the drift has nothing to be measured by")
    weights = None if masses is None else np.asarray(masses, dtype=np.float64)[chosen]
    centre = np.average(values[:, chosen], axis=1, weights=weights)
    return np.asarray(values - (centre - centre[0])[:, None, :], dtype=np.float64)


def msd_per_ion(positions: ArrayLike) -> Floats:
    """Return every ion's MSD(dt), averaged over all time origins.

    MSD_i(m) = 1/(N-m) sum_k |r_i(k+m) - r_i(k)|^2 = S1(m) - 2 S2(m), where S1 collects the squares and S2 is
    the autocorrelation, by FFT in O(N log N) (Calandrini et al., Collection SFN 12, 201 (2011), section 4.2).

    Args:
        positions: (frames, ions, 3), unwrapped, equally spaced in time, drift removed, in A.

    Returns:
        (frames, ions) in A^2; row m belongs to a time difference of m frames.
    """
    values = _as_trajectory(positions)
    return np.stack([_msd_of_one(values[:, ion]) for ion in range(values.shape[1])], axis=1)


def mean_squared_displacement(positions: ArrayLike) -> Floats:
    """Return MSD(dt), the mean over ions and over all time origins (paper, section 4.2).

    Args:
        positions: (frames, ions, 3), unwrapped, equally spaced in time, drift removed, in A. float32 is
            enough to store; the sums are made in float64.

    Returns:
        (frames,) in A^2; entry m belongs to a time difference of m frames.
    """
    values = _as_trajectory(positions)
    total = np.zeros(len(values))
    for ion in range(values.shape[1]):  # one ion at a time: memory stays that of one FFT
        total += _msd_of_one(values[:, ion])
    return np.asarray(total / values.shape[1])


def msd_target(msd: ArrayLike, window: tuple[float, float] = WINDOW) -> float:
    """Return the regression target: the mean of MSD(dt) over dt in a window of the run, in A^2.

    Args:
        msd: (frames,) as `mean_squared_displacement` gives it.
        window: fractions of the run's length, both ends included.
    """
    values = np.asarray(msd, dtype=np.float64)
    return float(values[window_slice(len(values), window)].mean())


def msd_target_error(positions: ArrayLike, window: tuple[float, float] = WINDOW) -> float:
    """Return the standard error of `msd_target`, in A^2: the noise that no regressor can be better than.

    Estimator: each ion gives a target of its own; the error of their mean is their standard deviation (n - 1)
    over sqrt(n). Its square is unbiased for independent ions, however much the time origins share; collective
    motion, where ions follow each other, makes it too small.

    Args:
        positions: (frames, ions, 3) as for `mean_squared_displacement`; two ions at least.
        window: fractions of the run's length.
    """
    curves = msd_per_ion(positions)
    if curves.shape[1] < 2:  # noqa: PLR2004 - one ion has no spread
        raise TrajectoryError("the error of an MSD comes from the spread among ions: at least 2 are needed, 1 is given")
    targets = curves[window_slice(len(curves), window)].mean(axis=0)
    return float(targets.std(ddof=1) / np.sqrt(len(targets)))


def _as_trajectory(positions: ArrayLike) -> NDArray[np.floating]:
    """Check shape and finiteness of positions (frames, ions, 3)."""
    values = np.asarray(positions)
    if values.ndim != 3 or values.shape[2] != 3 or 0 in values.shape:  # noqa: PLR2004 - (frames, ions, 3)
        raise TrajectoryError(f"positions have the shape {values.shape}: (frames, ions, 3) is needed")
    if not np.isfinite(values).all():
        raise TrajectoryError("positions hold values that are not finite: the run has blown up, or a file is damaged")
    return values


def _msd_of_one(path: NDArray[np.floating]) -> Floats:
    """Return the MSD (frames,) of one ion's path (frames, 3)."""
    n_frames = len(path)
    # Centring changes no displacement and keeps the difference S1 - 2 S2 well conditioned.
    centred = path.astype(np.float64)
    centred -= centred.mean(axis=0)
    squares = np.concatenate(([0.0], np.cumsum((centred**2).sum(axis=1))))
    lags = np.arange(n_frames)
    s1 = squares[n_frames - lags] + squares[n_frames] - squares[lags]
    size = fft.next_fast_len(2 * n_frames, real=True)
    spectrum = fft.rfft(centred, n=size, axis=0)
    power = (spectrum.real**2 + spectrum.imag**2).sum(axis=1)
    s2 = fft.irfft(power, n=size)[:n_frames]
    msd: Floats = (s1 - 2.0 * s2) / (n_frames - lags)
    msd[0] = 0.0
    return np.maximum(msd, 0.0)  # a resting ion: rounding must not give a negative square
