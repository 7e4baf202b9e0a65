import numpy as np
import pytest
from ase import Atoms, units
from pymatgen.io.ase import AseAtomsAdaptor

from aiida_hezsp.errors import InputError, ModelFileError, StructureError
from aiida_hezsp.potential import FastCHGNetCalculator, load_model


@pytest.fixture
def atoms(crystals):
    rng = np.random.default_rng(3)
    atoms = crystals["Li2O"].repeat((2, 1, 1))
    atoms.positions += rng.normal(0, 0.1, atoms.positions.shape)
    return atoms


@pytest.mark.parametrize("version", ["0.2.0", "0.3.0", "r2scan"])
def test_agrees_with_chgnets_own_prediction(version, atoms):
    atoms.calc = FastCHGNetCalculator(version)
    stock = load_model(version).predict_structure(AseAtomsAdaptor.get_structure(atoms))
    np.testing.assert_allclose(atoms.get_potential_energy() / len(atoms), stock["e"], atol=5e-6)
    np.testing.assert_allclose(atoms.get_forces(), stock["f"], atol=5e-4)
    np.testing.assert_allclose(atoms.get_stress(voigt=False) / units.GPa, stock["s"], atol=2e-3)
    np.testing.assert_allclose(atoms.get_magnetic_moments(), stock["m"], atol=1e-5)


def test_forces_are_derivatives_of_the_energy(atoms, pbe):
    atoms.calc = FastCHGNetCalculator(pbe)
    analytic, step = atoms.get_forces(), 0.005
    for atom, axis in ((0, 0), (3, 1), (5, 2)):
        energies = []
        for sign in (1, -1):
            moved = atoms.copy()
            moved.positions[atom, axis] += sign * step
            moved.calc = atoms.calc
            energies.append(moved.get_potential_energy())
        numeric = -(energies[0] - energies[1]) / (2 * step)
        assert analytic[atom, axis] == pytest.approx(numeric, abs=3e-3)


def test_stress_is_the_derivative_by_strain(atoms, pbe):
    atoms.calc = FastCHGNetCalculator(pbe)
    analytic, step = atoms.get_stress(voigt=False), 0.002
    for i, j in ((0, 0), (1, 1), (0, 2)):
        energies = []
        for sign in (1, -1):
            strain = np.eye(3)
            strain[i, j] += sign * step / 2
            strain[j, i] += sign * step / 2
            strained = atoms.copy()
            strained.set_cell(atoms.cell.array @ strain, scale_atoms=True)
            strained.calc = atoms.calc
            energies.append(strained.get_potential_energy())
        numeric = (energies[0] - energies[1]) / (2 * step * atoms.get_volume())
        assert analytic[i, j] == pytest.approx(numeric, abs=3e-4)


class Counting:
    """Counts what is asked of an evaluator."""

    def __init__(self, evaluator):
        self.evaluator, self.asked = evaluator, []

    def evaluate(self, *arguments, **wanted):
        self.asked.append({name for name, value in wanted.items() if value})
        return self.evaluator.evaluate(*arguments, **wanted)


def test_only_what_is_asked_is_computed_and_only_once(atoms, pbe):
    calculator = FastCHGNetCalculator(pbe)
    calculator.evaluator = counting = Counting(calculator.evaluator)
    atoms.calc = calculator
    atoms.get_potential_energy()
    atoms.get_forces()
    atoms.get_potential_energy()
    assert counting.asked == [{"forces"}]
    calculator.always = frozenset({"forces", "stress"})
    atoms.positions[0] += 0.01
    atoms.get_forces()
    atoms.get_stress()
    assert counting.asked[1:] == [{"forces", "stress"}]


def test_atoms_outside_the_cell_and_moved_origins_change_nothing(atoms, pbe):
    atoms.calc = FastCHGNetCalculator(pbe)
    forces = atoms.get_forces()
    moved = atoms.copy()
    moved.positions += moved.cell.array[0] * 40 + moved.cell.array[2] * -13
    moved.positions[2] += moved.cell.array[1] * 7
    moved.calc = atoms.calc
    np.testing.assert_allclose(moved.get_forces(), forces, atol=1e-3)


def test_threads_are_set_and_checked(pbe):
    with pytest.raises(InputError, match="threads is 0"):
        FastCHGNetCalculator(pbe, threads=0)


def test_wrong_use_gives_clear_errors(pbe):
    molecule = Atoms("LiF", positions=[[0, 0, 0], [1.6, 0, 0]], calculator=FastCHGNetCalculator(pbe))
    with pytest.raises(StructureError, match="periodic in all three directions"):
        molecule.get_potential_energy()
    with pytest.raises(InputError, match="backend 'jax' does not exist: choose one of auto, native, torch, stock"):
        FastCHGNetCalculator(pbe, backend="jax")
    with pytest.raises(ModelFileError, match="neither a file nor"):
        FastCHGNetCalculator("0.9.9")
