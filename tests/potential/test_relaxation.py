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


@pytest.mark.parametrize("optimizer", ["FIRE", "LBFGS"])
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
    crushed.set_cell(crushed.cell.array * 0.65, scale_atoms=True)  # the model lets it collapse
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
