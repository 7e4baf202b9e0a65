import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from chgnet.model import StructOptimizer
from pymatgen.io.ase import AseAtomsAdaptor

from aiida_hezsp.errors import ExplosionError, StructureError
from aiida_hezsp.potential import FastCHGNetCalculator, RelaxSettings, relax
from aiida_hezsp.potential.relaxation import _guard


@pytest.fixture
def shaken(crystals):
    atoms = crystals["Li2O"]
    atoms.set_cell(atoms.cell.array * 1.05, scale_atoms=True)
    atoms.positions += np.random.default_rng(2).normal(0, 0.08, atoms.positions.shape)
    return atoms


@pytest.mark.parametrize("optimizer", ["FIRE", "LBFGS", "BFGS"])
def test_reaches_the_minimum_that_chgnets_own_optimizer_reaches(shaken, pbe, optimizer):
    settings = RelaxSettings(fmax=0.01, optimizer=optimizer)
    result = relax(shaken, FastCHGNetCalculator(pbe), settings)
    stock = StructOptimizer(pbe, use_device="cpu").relax(
        AseAtomsAdaptor.get_structure(shaken), fmax=0.01, verbose=False
    )
    assert result.converged
    assert result.fmax <= 0.01
    assert 0 < result.n_steps < 200
    assert result.energy / 3 == pytest.approx(stock["trajectory"].energies[-1] / 3, abs=1e-4)
    assert result.atoms.get_volume() == pytest.approx(stock["final_structure"].volume, rel=5e-3)


@pytest.mark.parametrize("optimizer", ["FIRE", "LBFGS", "BFGS"])
def test_the_threshold_is_that_of_chgnets_own_optimizer(crystals, pbe, optimizer):
    """The virial counts per atom, whatever coordinates the optimiser works in; here there are no forces beside it."""
    stretched = crystals["MgO"]
    stretched.set_cell(stretched.cell.array * [1.02, 1.0, 0.99], scale_atoms=True)
    result = relax(stretched, FastCHGNetCalculator(pbe), RelaxSettings(fmax=1e-4, max_steps=1, optimizer=optimizer))
    result.atoms.calc = FastCHGNetCalculator(pbe, always=("forces", "stress"))
    virial = result.atoms.get_stress(voigt=False) * result.atoms.get_volume() / len(stretched)
    assert np.abs(result.atoms.get_forces()).max() < 1e-3
    assert result.fmax == pytest.approx(np.linalg.norm(virial, axis=1).max(), rel=0.1)


def test_fewer_evaluations_than_fire(shaken, pbe):
    steps = {
        name: relax(shaken, FastCHGNetCalculator(pbe), RelaxSettings(fmax=0.02, optimizer=name)).n_steps
        for name in ("FIRE", "LBFGS")
    }
    assert steps["LBFGS"] < steps["FIRE"] / 1.5


class KilledError(Exception):
    """Stands for the end of the machine."""


@pytest.mark.parametrize("relax_cell", [True, False])
def test_a_killed_relaxation_goes_on_from_its_last_geometry(shaken, pbe, tmp_path, relax_cell):
    settings = RelaxSettings(fmax=0.01, restart_every=2, relax_cell=relax_cell)
    whole = relax(shaken, FastCHGNetCalculator(pbe), settings)
    seen = []

    def kill(step, energy, _):
        seen.append(energy)
        if step == 5:
            raise KilledError

    file = tmp_path / "restart" / "a.npz"
    with pytest.raises(KilledError):
        relax(shaken, FastCHGNetCalculator(pbe), settings, kill, restart_file=file)
    reports = []
    resumed = relax(
        shaken, FastCHGNetCalculator(pbe), settings, lambda *report: reports.append(report), restart_file=file
    )
    assert reports[0][0] == 4
    assert reports[0][1] == pytest.approx(seen[4], abs=1e-5)
    assert resumed.converged
    assert resumed.n_steps == reports[-1][0]
    assert resumed.energy / 3 == pytest.approx(whole.energy / 3, abs=1e-4)
    again = relax(shaken, FastCHGNetCalculator(pbe), settings, restart_file=file)  # killed after the last step
    assert (again.n_steps, again.energy) == (resumed.n_steps, pytest.approx(resumed.energy, abs=1e-5))


def test_steps_before_the_restart_count(shaken, pbe, tmp_path):
    settings = RelaxSettings(fmax=1e-5, max_steps=6, restart_every=1)
    file = tmp_path / "a.npz"

    def kill(step, *_):
        if step == 4:
            raise KilledError

    with pytest.raises(KilledError):
        relax(shaken, FastCHGNetCalculator(pbe), settings, kill, restart_file=file)
    resumed = relax(shaken, FastCHGNetCalculator(pbe), settings, restart_file=file)
    assert (resumed.n_steps, resumed.converged) == (6, False)


def test_the_given_atoms_are_not_changed_and_none_has_a_calculator(shaken, pbe):
    before = shaken.copy()
    result = relax(shaken, FastCHGNetCalculator(pbe), RelaxSettings(fmax=0.3))
    assert shaken == before
    assert shaken.calc is None
    assert result.atoms.calc is None


def test_fixed_cell(shaken, pbe):
    result = relax(shaken, FastCHGNetCalculator(pbe), RelaxSettings(fmax=0.05, relax_cell=False))
    np.testing.assert_array_equal(result.atoms.cell.array, shaken.cell.array)
    assert result.converged
    result.atoms.calc = FastCHGNetCalculator(pbe)
    assert np.linalg.norm(result.atoms.get_forces(), axis=1).max() == pytest.approx(result.fmax)


def test_steps_run_out(shaken, pbe):
    reports = []
    calculator = FastCHGNetCalculator(pbe)
    result = relax(shaken, calculator, RelaxSettings(fmax=1e-4, max_steps=3), lambda *report: reports.append(report))
    assert not result.converged
    assert result.n_steps == 3
    assert [step for step, _, _ in reports] == [0, 1, 2, 3]
    assert reports[-1][1:] == (result.energy, result.fmax)


def test_coinciding_atoms_are_refused(pbe):
    atoms = Atoms("LiF", scaled_positions=[[0, 0, 0], [0.999, 0, 0]], cell=[4, 4, 4], pbc=True)
    with pytest.raises(StructureError, match=r"atoms 1 and 2 are closer than 0\.1 A"):
        relax(atoms, FastCHGNetCalculator(pbe))


def test_a_run_that_blows_up_is_ended(crystals, pbe):
    crushed = crystals["MgO"]
    crushed.set_cell(crushed.cell.array * 0.55, scale_atoms=True)  # the model lets it collapse
    with pytest.raises(ExplosionError, match="lie on one another"):
        relax(crushed, FastCHGNetCalculator(pbe), RelaxSettings(fmax=0.02, max_steps=300))


def test_a_lost_cell_or_force_is_an_explosion(crystals):
    atoms = crystals["MgO"]
    atoms.calc = SinglePointCalculator(atoms, energy=0.0, forces=np.zeros((2, 3)))
    _guard(atoms, atoms.get_volume(), 0.0, 7)
    with pytest.raises(ExplosionError, match=r"at step 7: the volume changed by a factor 0\.25"):
        _guard(atoms, 4 * atoms.get_volume(), 0.0, 7)
    atoms.calc = SinglePointCalculator(atoms, energy=0.0, forces=np.full((2, 3), np.nan))
    with pytest.raises(ExplosionError, match="at step 7: forces"):
        _guard(atoms, atoms.get_volume(), 0.0, 7)
