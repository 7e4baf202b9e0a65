"""D by kinisi where ions also vibrate: against generalised least squares, and refused where nothing can be told."""

import numpy as np
import pytest
from scipy.linalg import pinvh

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.transport import diffusion_posterior, posterior
from aiida_hezsp.transport.diffusion import A2_PER_FS_IN_CM2_PER_S

STEP = 100.0  # fs
FRAMES = 1001
VIBRATION = 0.4  # A an axis


def vibrating_walk(diffusivity, seed, ions=24):
    """Return walkers that vibrate around where they are, and times; 1 cm^2/s = 10 A^2/fs."""
    rng = np.random.default_rng(seed)
    hops = rng.normal(scale=np.sqrt(2.0 * diffusivity * 10.0 * STEP), size=(FRAMES, ions, 3))
    return hops.cumsum(axis=0) + rng.normal(scale=VIBRATION, size=hops.shape), np.arange(FRAMES) * STEP


@pytest.fixture
def least_squares(monkeypatch):
    """Return what collects, from the data that the next sampling sees, D and its error by generalised least squares."""
    found = []
    data = []
    displacements, check = posterior._displacements, posterior._check_bounded
    monkeypatch.setattr(posterior, "_displacements", lambda *args: data.append(displacements(*args)) or data[-1])

    def solve(lags, covariance):
        check(lags, covariance)
        line, precision = np.stack([lags, np.ones_like(lags)]), pinvh(covariance)
        of_parameters = np.linalg.inv(line @ precision @ line.T)
        slope = (of_parameters @ line @ precision @ data[-1]["da"].values)[0]
        found.append((slope / 6.0, np.sqrt(of_parameters[0, 0]) / 6.0))

    monkeypatch.setattr(posterior, "_check_bounded", solve)
    return lambda: tuple(value * A2_PER_FS_IN_CM2_PER_S for value in found.pop())


@pytest.mark.parametrize("diffusivity", [5e-5, 5e-6, 1e-6])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_walkers_have_found_the_intercept(least_squares, diffusivity, seed):
    """They begin without one: a line through the origin is too steep, the more so the less the ions diffuse."""
    estimate = diffusion_posterior(*vibrating_walk(diffusivity, seed))
    value, error = least_squares()
    assert estimate.value == pytest.approx(value, abs=0.25 * error)  # of some 400 independent samples
    assert estimate.error == pytest.approx(error, rel=0.15)


def test_errors_cover_the_planted_value():
    """20 runs: mean 0.99 of it, 75 % within one error, all within two."""
    planted = 3e-6
    estimates = [diffusion_posterior(*vibrating_walk(planted, seed)) for seed in range(10)]
    assert np.mean([found.value for found in estimates]) == pytest.approx(planted, rel=0.1)
    away = np.array([abs(found.value - planted) / found.error for found in estimates])
    assert (away < 1).mean() >= 0.5
    assert (away < 2).mean() >= 0.9


@pytest.mark.parametrize("diffusivity", [0.0, 1e-8, 1e-7])
def test_hardly_any_diffusion_gives_a_small_value_or_none(diffusivity):
    """What kinisi makes of their covariance let walkers run away, to 1e29 cm^2/s."""
    estimates = [found for seed in range(6) if (found := posterior_or_none(diffusivity, seed)) is not None]
    assert all(found.value < 1e-6 for found in estimates)
    assert estimates or diffusivity < 1e-7


def posterior_or_none(diffusivity, seed):
    """Return the estimate, or None where it is refused because the ions hardly diffuse."""
    try:
        return diffusion_posterior(*vibrating_walk(diffusivity, seed))
    except TrajectoryError:
        return None


def test_why_there_is_none():
    with pytest.raises(TrajectoryError, match="vibrate rather than diffuse"):
        diffusion_posterior(*vibrating_walk(1e-7, seed=2))
