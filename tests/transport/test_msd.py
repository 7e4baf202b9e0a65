"""MSD against the double loop of its definition, and its noise against ideal random walks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.transport import (
    mean_squared_displacement,
    msd_per_ion,
    msd_target,
    msd_target_error,
    remove_drift,
)

# SCIENCE, section 5: 24 ideal walkers, 100 ps, MSD(50 ps) = 119 +- 14 A^2.
WALKERS, FRAMES, MSD_AT_HALF = 24, 1001, 119.0


def random_walk(rng, frames=FRAMES, ions=WALKERS):
    """Return ideal walkers whose MSD at half the run is MSD_AT_HALF."""
    variance_per_step = MSD_AT_HALF / 3 / ((frames - 1) / 2)
    return np.cumsum(rng.normal(scale=np.sqrt(variance_per_step), size=(frames, ions, 3)), axis=0)


def by_definition(positions):
    """Return the MSD as a double loop over time differences and origins."""
    frames = len(positions)
    curve = np.zeros(frames)
    for lag in range(frames):
        squares = [
            ((positions[origin + lag] - positions[origin]) ** 2).sum(axis=1).mean() for origin in range(frames - lag)
        ]
        curve[lag] = np.mean(squares)
    return curve


@settings(max_examples=25)
@given(frames=st.integers(1, 40), ions=st.integers(1, 4), seed=st.integers(0, 2**32 - 1))
def test_equals_double_loop(frames, ions, seed):
    positions = random_walk(np.random.default_rng(seed), frames + 1, ions)[:frames]
    np.testing.assert_allclose(mean_squared_displacement(positions), by_definition(positions), atol=1e-10)


def test_is_the_mean_of_the_ions():
    positions = random_walk(np.random.default_rng(1), 60, 5)
    np.testing.assert_allclose(msd_per_ion(positions).mean(axis=1), mean_squared_displacement(positions), rtol=1e-12)


def test_far_from_the_origin_in_single_precision():
    # Stored float32 positions of a cell far from the origin: what is lost is what float32 cannot hold, no more.
    positions = random_walk(np.random.default_rng(2), 200, 3) + 500.0
    stored = positions.astype(np.float32)
    np.testing.assert_allclose(mean_squared_displacement(stored), by_definition(stored.astype(float)), atol=1e-9)


def test_ballistic_motion():
    velocity = np.array([0.3, -0.2, 0.1])
    positions = np.arange(100)[:, None, None] * velocity
    np.testing.assert_allclose(
        mean_squared_displacement(positions), np.arange(100) ** 2 * (velocity @ velocity), atol=1e-8
    )


def test_resting_ions_do_not_move():
    msd = mean_squared_displacement(np.full((50, 2, 3), 7.3))
    assert (msd >= 0.0).all()
    assert msd.max() < 1e-24


def test_drift_of_the_framework_is_removed():
    rng = np.random.default_rng(3)
    rest = rng.normal(size=(1, 6, 3)) + np.zeros((80, 1, 1))
    rest[:, :2] += random_walk(rng, 80, 2)  # atoms 0 and 1 are mobile
    drift = random_walk(rng, 80, 1)
    masses = np.array([7.0, 7.0, 91.0, 28.0, 31.0, 16.0])
    moved = remove_drift(rest + drift, framework=[2, 3, 4, 5], masses=masses)
    np.testing.assert_allclose(moved - moved[0], rest - rest[0], atol=1e-12)


def test_drift_is_that_of_the_centre_of_mass():
    positions = np.zeros((2, 3, 3))
    positions[1, 1:, 0] = 3.0, 0.0  # of the framework (atoms 1, 2) one atom moves by 3 A and weighs a third
    moved = remove_drift(positions, framework=np.array([False, True, True]), masses=[1.0, 1.0, 2.0])
    np.testing.assert_allclose(moved[1, :, 0], [-1.0, 2.0, -1.0])


def test_target_is_the_mean_over_20_to_80_ps():
    times = np.arange(1001) * 0.1  # ps
    msd = np.where((times >= 20.0 - 1e-9) & (times <= 80.0 + 1e-9), 2.0 * times, 1e6)
    assert msd_target(msd) == pytest.approx(100.0, rel=1e-12)
    assert msd_target(msd[:501] * 0 + 3.0, window=(0.0, 1.0)) == pytest.approx(3.0)


@pytest.fixture(scope="module")
def many_runs():
    rng = np.random.default_rng(4)
    half = FRAMES // 2
    rows = []
    for _ in range(300):
        positions = random_walk(rng)
        curve = mean_squared_displacement(positions)
        rows.append((curve[half], msd_target(curve), msd_target_error(positions)))
    return np.array(rows)


def test_noise_floor_of_ideal_walkers(many_runs):
    at_half = many_runs[:, 0]
    assert at_half.mean() == pytest.approx(119.0, abs=3.0)
    assert at_half.std() == pytest.approx(14.0, abs=1.5)


def test_estimated_error_is_the_spread_of_repeated_runs(many_runs):
    _, targets, errors = many_runs.T
    assert targets.mean() == pytest.approx(119.0, abs=3.0)  # the mean over 20 to 80 ps is about MSD(50 ps)
    assert np.sqrt((errors**2).mean()) == pytest.approx(targets.std(), rel=0.12)
    assert errors.std() / errors.mean() < 0.3  # useful for a single run, too


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        (np.zeros((5, 3)), r"\(frames, ions, 3\)"),
        (np.zeros((5, 0, 3)), r"\(frames, ions, 3\)"),
        (np.full((5, 1, 3), np.nan), "finite"),
    ],
)
def test_what_is_no_trajectory(positions, message):
    with pytest.raises(TrajectoryError, match=message):
        mean_squared_displacement(positions)


@pytest.mark.parametrize("window", [(0.8, 0.2), (0.2, 1.2), (-0.1, 0.5), (0.5, 0.5)])
def test_what_is_no_window(window):
    with pytest.raises(TrajectoryError, match="fractions"):
        msd_target(np.arange(100.0), window)


def test_run_too_short_for_its_window():
    with pytest.raises(TrajectoryError, match="3 frames"):
        msd_target(np.arange(3.0))


def test_one_ion_has_no_error():
    with pytest.raises(TrajectoryError, match="at least 2"):
        msd_target_error(np.zeros((50, 1, 3)))


def test_no_framework_no_drift():
    with pytest.raises(TrajectoryError, match="framework"):
        remove_drift(np.zeros((5, 2, 3)), framework=[])
    with pytest.raises(TrajectoryError, match="framework"):
        remove_drift(np.zeros((5, 2, 3)), framework=np.array([False, False]))
