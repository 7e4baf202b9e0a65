from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms, units
from ase.md.nvtberendsen import NVTBerendsen
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary

from aiida_hezsp.errors import ExplosionError, StructureError, TrajectoryError
from aiida_hezsp.potential import FastCHGNetCalculator, MdSettings, run_md

SETTINGS = MdSettings(temperature=600, n_steps=12, seed=4, record_every=2, frames_every=4, restart_every=5, taut=20)


@pytest.fixture
def crystal(crystals):
    return crystals["LiF"].repeat((2, 1, 1))


@pytest.fixture
def calculator(pbe):
    return FastCHGNetCalculator(pbe)


def assert_identical(first, second):
    assert first.arrays().keys() == second.arrays().keys()
    for name, value in first.arrays().items():
        np.testing.assert_array_equal(value, second.arrays()[name], err_msg=name)


def test_agrees_with_ases_integrator(crystal, calculator):
    trajectory = run_md(crystal, calculator, SETTINGS)
    atoms = crystal.copy()
    atoms.calc = calculator
    MaxwellBoltzmannDistribution(atoms, temperature_K=600, rng=np.random.default_rng(4))
    Stationary(atoms)
    dynamics = NVTBerendsen(atoms, 1 * units.fs, temperature_K=600, taut=20 * units.fs)
    frames, energies = [], []
    dynamics.attach(lambda: (frames.append(atoms.positions.copy()), energies.append(atoms.get_potential_energy())))
    dynamics.run(12)
    np.testing.assert_allclose(trajectory.frames, frames[::4], atol=1e-6)
    np.testing.assert_allclose(trajectory.potential_energies, energies[::2], atol=1e-5)


def test_records_what_is_asked(crystal, calculator):
    trajectory = run_md(crystal, calculator, SETTINGS)
    assert trajectory.positions.shape == (7, 2, 3)
    assert trajectory.positions.dtype == np.float32
    assert trajectory.times.tolist() == [0, 2, 4, 6, 8, 10, 12]
    assert trajectory.frames.shape == (4, 4, 3)
    assert trajectory.frame_times.tolist() == [0, 4, 8, 12]
    assert trajectory.mobile_indices.tolist() == [0, 2]
    np.testing.assert_array_equal(trajectory.cell, crystal.cell.array)
    assert run_md(crystal, calculator, replace(SETTINGS, n_steps=2, frames_every=None)).frames is None


def test_framework_drift_is_removed(crystal, calculator):
    trajectory = run_md(crystal, calculator, SETTINGS)
    fluorine = trajectory.frames[:, [1, 3]].astype(float).mean(axis=1)
    lithium = trajectory.frames[:, [0, 2]].astype(float)
    expected = lithium - (fluorine - fluorine[0])[:, None]
    np.testing.assert_allclose(trajectory.positions[::2], expected, atol=1e-5)
    assert np.abs(fluorine - fluorine[0]).max() > 1e-3  # there was a drift


def test_total_momentum_stays_zero_and_the_start_has_the_temperature(crystal, calculator):
    trajectory = run_md(crystal, calculator, replace(SETTINGS, frames_every=1, n_steps=4))
    centre = (trajectory.frames.astype(float) * crystal.get_masses()[:, None]).sum(axis=1)
    np.testing.assert_allclose(centre - centre[0], 0, atol=1e-3)
    assert trajectory.temperatures[0] > 100


def test_temperature_is_held(crystals, calculator):
    settings = MdSettings(temperature=900, n_steps=300, taut=25, record_every=1)
    trajectory = run_md(crystals["LiF"].repeat((2, 2, 1)), calculator, settings)
    assert trajectory.temperatures[100:].mean() == pytest.approx(900, rel=0.12)


def test_seeds_matter(crystal, calculator):
    first, second = (run_md(crystal, calculator, replace(SETTINGS, seed=seed)) for seed in (1, 2))
    assert not np.allclose(first.positions[-1], second.positions[-1])
    assert_identical(first, run_md(crystal, calculator, replace(SETTINGS, seed=1)))


class KilledError(Exception):
    """Stands for the end of the machine."""


@pytest.mark.parametrize("killed_at", [4, 8, 10])
def test_a_resumed_run_is_identical_to_an_uninterrupted_one(crystal, pbe, tmp_path, killed_at):
    def kill(step, *_):
        if step >= killed_at:
            raise KilledError

    settings = replace(SETTINGS, restart_every=3)
    uninterrupted = run_md(crystal, FastCHGNetCalculator(pbe), settings)
    file = tmp_path / "restart" / "run.npz"
    with pytest.raises(KilledError):
        run_md(crystal, FastCHGNetCalculator(pbe), settings, restart_file=file, report=kill)
    reports = []
    resumed = run_md(
        crystal, FastCHGNetCalculator(pbe), settings, restart_file=file, report=lambda *report: reports.append(report)
    )
    assert reports[0][0] > killed_at - 3
    assert_identical(resumed, uninterrupted)


def test_a_finished_run_can_be_prolonged(crystal, calculator, tmp_path):
    file = tmp_path / "run.npz"
    run_md(crystal, calculator, replace(SETTINGS, n_steps=8), restart_file=file)
    assert_identical(run_md(crystal, calculator, SETTINGS, restart_file=file), run_md(crystal, calculator, SETTINGS))
    with pytest.raises(TrajectoryError, match="at step 12, beyond the 8 steps"):
        run_md(crystal, calculator, replace(SETTINGS, n_steps=8), restart_file=file)


def test_a_restart_file_of_another_run_is_refused(crystal, calculator, tmp_path):
    file = tmp_path / "run.npz"
    run_md(crystal, calculator, SETTINGS, restart_file=file, identity="a")
    for settings, identity in ((SETTINGS, "b"), (replace(SETTINGS, temperature=601), "a")):
        with pytest.raises(TrajectoryError, match="belongs to another run"):
            run_md(crystal, calculator, settings, restart_file=file, identity=identity)
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(TrajectoryError, match="damaged"):
        run_md(crystal, calculator, SETTINGS, restart_file=file, identity="a")


def test_explosions_end_the_run(crystals, calculator):
    crystal = crystals["LiF"].repeat((2, 1, 1))
    crystal.positions[0] += 0.7
    with pytest.raises(ExplosionError, match=r"blown up at step \d+: \d+ K, beyond 601 K"):
        run_md(crystal, calculator, replace(SETTINGS, max_temperature_factor=1.002, n_steps=50))
    crushed = Atoms("LiF", positions=[[0, 0, 0], [0.25, 0, 0]], cell=[5, 5, 5], pbc=True)
    with pytest.raises(ExplosionError, match="blown up at step"):
        run_md(crushed, calculator, SETTINGS)


def test_structures_without_mobile_ions_or_framework_are_refused(crystals, calculator):
    with pytest.raises(StructureError, match="holds no mobile Li"):
        run_md(crystals["MgO"], calculator, SETTINGS)
    with pytest.raises(StructureError, match="a framework is needed"):
        run_md(crystals["MgO"][:1], calculator, replace(SETTINGS, mobile="Mg"))
