"""D against planted slopes and kinisi, conductivity against the paper's own figures."""

import numpy as np
import pytest

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.transport import (
    diffusion_coefficient,
    diffusion_error,
    mean_squared_displacement,
    nernst_einstein,
)

IONS, FRAMES, STEP = 24, 1001, 100.0  # 100 ps, every 100 fs
TIMES = np.arange(FRAMES) * STEP
PLANTED = 4.0e-5  # cm^2/s


def random_walk(seed, frames=FRAMES, step=STEP):
    rng = np.random.default_rng(seed)
    variance = 2.0 * PLANTED * 10.0 * step  # 1 cm^2/s = 10 A^2/fs
    return np.cumsum(rng.normal(scale=np.sqrt(variance), size=(frames, IONS, 3)), axis=0)


def test_slope_over_six():
    msd = 1.7 + 6.0 * 10.0 * PLANTED * TIMES  # a cage of 1.7 A^2 does not matter
    assert diffusion_coefficient(msd, TIMES) == pytest.approx(PLANTED, rel=1e-12)


def test_slope_is_numpys():
    rng = np.random.default_rng(1)
    msd = rng.random(FRAMES).cumsum()
    slope = np.polyfit(TIMES[200:801], msd[200:801], 1)[0]
    assert diffusion_coefficient(msd, TIMES) == pytest.approx(slope / 6.0 * 0.1, rel=1e-9)


def test_error_is_the_spread_of_repeated_runs():
    runs = [random_walk(seed) for seed in range(150)]
    values = [diffusion_coefficient(mean_squared_displacement(run), TIMES) for run in runs]
    errors = [diffusion_error(run, TIMES) for run in runs]
    assert np.mean(values) == pytest.approx(PLANTED, abs=4 * np.std(values) / np.sqrt(len(values)))
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(values), rel=0.15)


def test_agrees_with_kinisi():
    # kinisi (Bayesian regression with the full covariance) on the same walk: the same D within the errors of both.
    ase = pytest.importorskip("ase")
    scipp = pytest.importorskip("scipp")
    analyze = pytest.importorskip("kinisi.analyze")
    walk = random_walk(7, frames=201, step=500.0)
    box = 1000.0
    framework = np.zeros((1, 3))
    frames = [
        ase.Atoms(f"Li{IONS}O", positions=np.vstack([ions, framework]) + box / 2, cell=[box] * 3, pbc=True)
        for ions in walk
    ]
    analyzer = analyze.DiffusionAnalyzer.from_ase(
        frames,
        specie="Li",
        time_step=500.0 * scipp.Unit("fs"),
        step_skip=1 * scipp.Unit("dimensionless"),
        progress=False,
    )
    np.testing.assert_allclose(  # kinisi's curve starts at the first time difference
        analyzer.msd.values[:150], mean_squared_displacement(walk)[1:151], rtol=0.02
    )
    analyzer.diffusion(5.0 * scipp.Unit("ps"), progress=False, random_state=np.random.RandomState(1))
    ours = diffusion_coefficient(mean_squared_displacement(walk), np.arange(201) * 500.0)
    theirs = analyzer.D.values
    spread = np.hypot(np.std(theirs), diffusion_error(walk, np.arange(201) * 500.0))
    assert ours == pytest.approx(np.mean(theirs), abs=2.0 * spread)
    assert np.mean(theirs) == pytest.approx(PLANTED, abs=4.0 * np.std(theirs))


def test_conductivity_of_the_papers_best():
    # SCIENCE, section 5: 21 Li in about 2080 A^3 and 4.53 mS/cm mean D(300 K) = 7.24e-8 cm^2/s.
    assert nernst_einstein(7.24e-8, 21, 2080.0, 300.0) == pytest.approx(4.53, rel=2e-3)


def test_conductivity_scales_as_it_should():
    one = nernst_einstein(1e-6, 10, 1000.0, 500.0)
    assert nernst_einstein(2e-6, 10, 1000.0, 500.0) == pytest.approx(2 * one)
    assert nernst_einstein(1e-6, 10, 2000.0, 500.0) == pytest.approx(one / 2)
    assert nernst_einstein(1e-6, 10, 1000.0, 500.0, charge=2.0) == pytest.approx(4 * one)


def test_what_cannot_be():
    with pytest.raises(TrajectoryError, match="99 times"):
        diffusion_coefficient(np.arange(100.0), np.arange(99.0))
    with pytest.raises(TrajectoryError, match="positive"):
        nernst_einstein(1e-6, 10, 0.0, 300.0)
    with pytest.raises(TrajectoryError, match="at least 2"):
        diffusion_error(np.zeros((50, 1, 3)), np.arange(50.0))
