"""Diffusion coefficients with honest errors: Bayesian regression of the MSD with its full covariance, by kinisi."""

import warnings
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import pinvh

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.transport.diffusion import A2_PER_FS_IN_CM2_PER_S

if TYPE_CHECKING:
    import scipp

__all__ = ("DiffusionEstimate", "Grid", "diffusion_posterior", "fit_grid")

START_FS = 2000.0
LONGEST_START = 0.05  # of the run; later, too few independent displacements are left to know their variance
LAST_LAG = 0.5  # of the run
ORIGINS = 20  # frames an interval that are kept
FEWEST_LAGS = 3
# What emcee gets. Kinisi's walkers begin without an intercept and need up to 600 steps to find that of vibrations.
WALKERS, SAMPLES, BURN, THIN = 32, 400, 1000, 5
SINGULAR = 1e-6  # eigenvalues of what the data say of the line; 0.01 and more where ions diffuse
_RANDOM = Lock()


@dataclass(frozen=True)
class DiffusionEstimate:
    """A diffusion coefficient in cm^2/s with its standard error and the ends of its 95 % interval.

    `start_fs` and `lags` say over which time differences it was fitted: multiples of the first.
    """

    value: float
    error: float
    low: float
    high: float
    start_fs: float
    lags: int


@dataclass(frozen=True)
class Grid:
    """Which frames are used (every `stride`-th) and which time differences: multiples of `interval` kept frames."""

    stride: int
    interval: int
    lags: int


def fit_grid(n_frames: int, step_fs: float, start_fs: float = START_FS) -> Grid:
    """Return the frames and time differences of the regression.

    The covariance of kinisi rests on the number of independent displacements: time differences that are multiples of
    the first one keep it well conditioned while ions diffuse, and half the run leaves two displacements an ion at the
    longest. Twenty frames a first difference are kept: neighbouring origins share their displacements, and more of them
    add cost only.

    Args:
        n_frames: number of frames.
        step_fs: time between them.
        start_fs: where diffusion begins; never more than a twentieth of the run.

    Raises:
        TrajectoryError: the run is too short for three time differences.
    """
    start = min(start_fs / step_fs, LONGEST_START * (n_frames - 1))
    records = max(1, round(start))
    stride = max(1, records // ORIGINS)
    interval = records // stride
    lags = int(LAST_LAG * ((n_frames - 1) // stride) / interval)
    if lags < FEWEST_LAGS:
        raise TrajectoryError(f"{n_frames} frames are too few for a diffusion coefficient with an error")
    return Grid(stride, interval, lags)


def diffusion_posterior(
    positions: ArrayLike, times_fs: ArrayLike, start_fs: float = START_FS, seed: int = 1
) -> DiffusionEstimate:
    """Return the tracer diffusion coefficient as the posterior of a line through the MSD (McCluskey et al., J. Chem.
    Theory Comput. 21, 79 (2025), implemented in kinisi).

    The line has an intercept, which takes up vibrations and what happens before `start_fs`. Ions are taken as
    independent. On random walks of 24 ions and 100 ps, with vibrations or without, the interval of one error holds the
    truth in two thirds of the runs or more, down to 1e-7 cm^2/s; below, vibrations hide what there is of diffusion. If
    ions are few and the start lies beyond 2 % of the run, the error becomes too small.

    Args:
        positions: (frames, ions, 3), unwrapped, drift removed, in A.
        times_fs: (frames,) in fs, equally spaced.
        start_fs: time difference from which the motion counts as diffusion; at most a twentieth of the run is used.
        seed: of the sampling; what else uses numpy's global generator is not disturbed.

    Raises:
        TrajectoryError: too few frames, times that do not belong to them, ions that do not move, or ions that vibrate
            so much more than they diffuse that no slope can be told.
    """  # noqa: D205 - the citation belongs to the first sentence
    values, times = np.asarray(positions, dtype=np.float64), np.asarray(times_fs, dtype=np.float64)
    if values.ndim != 3 or len(times) != len(values):  # noqa: PLR2004 - (frames, ions, 3)
        raise TrajectoryError(f"{len(times)} times do not belong to positions of shape {values.shape}")
    step = float(times[1] - times[0]) if len(times) > 1 else 1.0
    grid = fit_grid(len(values), step, start_fs)
    kept = values[:: grid.stride]
    if np.ptp(kept, axis=0).max() == 0.0:
        raise TrajectoryError("the ions do not move at all: there is no diffusion to measure")
    slopes = _sample(_displacements(kept, step * grid.stride, grid), seed)
    in_cm2_per_s = slopes / 6.0 * A2_PER_FS_IN_CM2_PER_S
    low, high = np.quantile(in_cm2_per_s, (0.025, 0.975))
    return DiffusionEstimate(
        value=float(in_cm2_per_s.mean()),
        error=float(in_cm2_per_s.std(ddof=1)),
        low=float(low),
        high=float(high),
        start_fs=step * grid.stride * grid.interval,
        lags=grid.lags,
    )


def _displacements(positions: NDArray[np.float64], step_fs: float, grid: Grid) -> "scipp.DataGroup[Any]":
    """Return kinisi's MSD with variances and numbers of independent displacements at the time differences."""
    import scipp as sc
    from kinisi.displacement import calculate_msd
    from kinisi.parser import Parser

    n_frames, n_ions, _ = positions.shape
    # kinisi unwraps what it is given: a box that no step can cross leaves unwrapped positions as they are.
    centred = positions - positions.mean(axis=0)
    box = 4.0 * float(np.abs(centred).max()) + 10.0
    lags = np.arange(1, grid.lags + 1) * grid.interval
    # Its number of independent displacements is that of the longest time difference given: the run's length goes last.
    with_run = np.append(lags, n_frames - 1)
    none: NDArray[np.int64] = np.array([], dtype=np.int64)
    parser = Parser(
        coords=sc.array(dims=["time", "particle", "dimension"], values=centred / box + 0.5, unit="dimensionless"),
        latt=sc.array(
            dims=["time", "row", "column"], values=np.tile(np.eye(3) * box, (n_frames, 1, 1)), unit="angstrom"
        ),
        time_step=sc.scalar(step_fs, unit="fs"),
        step_skip=sc.scalar(1, unit="dimensionless"),
        dt=sc.array(dims=["time interval"], values=with_run * step_fs, unit="fs"),
        specie_indices=sc.array(dims=["particle"], values=np.arange(n_ions)),
        drift_indices=sc.array(dims=["particle"], values=none),
    )
    found = calculate_msd(parser, progress=False)
    return sc.DataGroup({"da": found["da"]["time interval", : grid.lags], "dimensionality": found["dimensionality"]})


def _sample(data: "scipp.DataGroup[Any]", seed: int) -> NDArray[np.float64]:
    """Return samples of the slope in A^2/fs."""
    from kinisi.diffusion import Diffusion

    regression = Diffusion(data)
    with _RANDOM, warnings.catch_warnings():  # kinisi seeds numpy's global generator
        warnings.simplefilter("ignore")
        before = np.random.get_state()  # noqa: NPY002 - kinisi's
        try:
            regression.bayesian_regression(
                data["da"].coords["time interval"][0],
                n_walkers=WALKERS,
                n_samples=SAMPLES,
                n_burn=BURN,
                n_thin=THIN,
                progress=False,
                random_state=np.random.RandomState(seed),
            )
        except (ValueError, np.linalg.LinAlgError) as error:
            raise TrajectoryError(f"kinisi finds no diffusion coefficient: {error}") from error
        finally:
            np.random.set_state(before)  # noqa: NPY002 - kinisi's
    _check_bounded(data["da"].coords["time interval"].values, regression.covariance_matrix.values)
    return np.asarray(regression.gradient.values, dtype=np.float64)


def _check_bounded(lags: NDArray[np.float64], covariance: NDArray[np.float64]) -> None:
    """Check that the likelihood of a line has a maximum.

    The covariance is that of diffusion. For ions that vibrate in their cages it is no covariance at all: what kinisi
    makes of it leaves the slope undetermined, and its walkers run away.

    Raises:
        TrajectoryError: it has none.
    """
    line = np.stack([lags / lags[-1], np.ones_like(lags)])
    smallest, largest = np.linalg.eigvalsh(line @ pinvh(covariance) @ line.T)
    if smallest <= SINGULAR * largest:
        raise TrajectoryError("the ions vibrate rather than diffuse: their MSD does not tell a diffusion coefficient")
