"""D by kinisi: its error bars cover what they promise on ideal random walks, and nothing else is disturbed."""

import numpy as np
import pytest

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.transport import diffusion_coefficient, diffusion_posterior, mean_squared_displacement
from aiida_hezsp.transport.posterior import Grid, fit_grid

PLANTED = 4.0e-5  # cm^2/s
LENGTH = 100_000.0  # fs


def random_walk(seed, frames=101, ions=24):
    """Return ideal walkers and times; 1 cm^2/s = 10 A^2/fs."""
    step = LENGTH / (frames - 1)
    scale = np.sqrt(2.0 * PLANTED * 10.0 * step)
    walk = np.random.default_rng(seed).normal(scale=scale, size=(frames, ions, 3)).cumsum(axis=0)
    return walk, np.arange(frames) * step


@pytest.fixture(scope="module")
def estimates():
    return [diffusion_posterior(*random_walk(seed), seed=seed) for seed in range(16)]


def test_errors_cover_the_planted_value(estimates):
    """100 runs gave 83 % within one error and 100 % within two."""
    away = np.array([abs(found.value - PLANTED) / found.error for found in estimates])
    assert 0.6 <= (away < 1).mean() <= 1.0
    assert (away < 2).mean() >= 0.85
    assert np.mean([found.low < PLANTED < found.high for found in estimates]) >= 0.85


def test_the_mean_is_the_planted_value(estimates):
    values = np.array([found.value for found in estimates])
    assert values.mean() == pytest.approx(PLANTED, abs=4 * values.std() / np.sqrt(len(values)))
    errors = np.array([found.error for found in estimates])
    assert 1.0 <= np.sqrt((errors**2).mean()) / values.std(ddof=1) <= 2.0  # not too small, not idly large


def test_it_is_more_precise_than_the_slope_in_the_window(estimates):
    slopes = []
    for seed in range(len(estimates)):
        walk, times = random_walk(seed)
        slopes.append(diffusion_coefficient(mean_squared_displacement(walk), times))
    assert np.std([found.value for found in estimates]) < 0.6 * np.std(slopes)


def test_thinning_changes_nothing_that_matters():
    """A run recorded twenty times as often: frames are left out, the answer stays within a fraction of its error."""
    walk, times = random_walk(3, frames=2001)
    fine, coarse = diffusion_posterior(walk, times), diffusion_posterior(walk[::20], times[::20])
    assert (fine.start_fs, fine.lags) == (coarse.start_fs, coarse.lags) == (2000.0, 25)
    assert fine.value == pytest.approx(coarse.value, abs=coarse.error)


def test_vibrations_go_into_the_intercept():
    walk, times = random_walk(4)
    cage = np.random.default_rng(9).normal(scale=0.25, size=walk.shape)
    still, shaken = diffusion_posterior(walk, times), diffusion_posterior(walk + cage, times)
    assert shaken.value == pytest.approx(still.value, abs=2 * still.error)


def test_the_same_seed_gives_the_same_and_leaves_numpys_generator_alone():
    np.random.seed(5)  # noqa: NPY002 - what is tested
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    first, second = (diffusion_posterior(*random_walk(1), seed=2) for _ in range(2))
    assert first == second
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@pytest.mark.parametrize(
    ("n_frames", "step", "start", "grid"),
    [
        (101, 1000.0, 2000.0, Grid(stride=1, interval=2, lags=25)),
        (10_001, 10.0, 2000.0, Grid(stride=10, interval=20, lags=25)),
        (101, 100.0, 2000.0, Grid(stride=1, interval=5, lags=10)),  # 10 ps: a twentieth of the run, not 2 ps
        (11, 2.0, 2000.0, Grid(stride=1, interval=1, lags=5)),
    ],
)
def test_the_grid(n_frames, step, start, grid):
    assert fit_grid(n_frames, step, start) == grid


@pytest.mark.parametrize(
    ("positions", "n_times", "message"),
    [
        (np.zeros((50, 2, 3)), 50, "do not move"),
        (np.random.default_rng(0).normal(size=(5, 2, 3)), 5, "too few"),
        (np.random.default_rng(0).normal(size=(50, 2, 3)), 49, "49 times"),
        (np.zeros((50, 2)), 50, "shape"),
    ],
)
def test_what_has_no_diffusion(positions, n_times, message):
    with pytest.raises(TrajectoryError, match=message):
        diffusion_posterior(positions, np.arange(n_times) * 100.0)
