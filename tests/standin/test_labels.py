import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones

from aiida_hezsp.errors import StandinError
from aiida_hezsp.standin.labels import KBAR_PER_EV_A3, evaluate


@pytest.fixture
def strained():
    atoms = bulk("Cu", cubic=True)
    atoms.rattle(0.1, seed=1)
    atoms.set_cell(
        atoms.cell[:] @ np.array([[1.02, 0.01, 0.0], [0.01, 0.97, 0.02], [0.0, 0.02, 1.0]]), scale_atoms=True
    )
    atoms.calc = EMT()
    return atoms


def energy_of_strain(atoms, strain):
    other = atoms.copy()
    other.set_cell(atoms.cell[:] @ (np.eye(3) + strain), scale_atoms=True)
    other.calc = EMT()
    return other.get_potential_energy()


def test_stress_is_minus_the_strain_derivative_in_kbar(strained):
    """VASP: stress = -(1/V) dE/dstrain, in kB; 1 eV/A^3 = 1602.1766 kB."""
    step = 1e-5
    numeric = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            strain = np.zeros((3, 3))
            strain[i, j] += step / 2
            strain[j, i] += step / 2
            numeric[i, j] = (energy_of_strain(strained, strain) - energy_of_strain(strained, -strain)) / (2 * step)
    assert evaluate(strained).stress == pytest.approx(-1602.1766 * numeric / strained.get_volume(), abs=1e-3, rel=1e-5)


def test_compressed_crystal_pushes_outwards_in_vasps_sign(strained):
    strained.set_cell(strained.cell[:] * 0.9, scale_atoms=True)
    assert np.trace(evaluate(strained).stress) > 0
    assert pytest.approx(-1602.1766, rel=1e-6) == KBAR_PER_EV_A3


def test_forces_of_fixed_ions_are_labels_too(strained):
    from ase.constraints import FixAtoms

    free = evaluate(strained).forces
    strained.set_constraint(FixAtoms([0]))
    assert evaluate(strained).forces == pytest.approx(free)


def test_calculator_without_moments_gives_none(strained):
    assert evaluate(strained).magmoms is None


def test_failing_calculator_stops_with_one_line():
    atoms = bulk("W")
    atoms.calc = EMT()
    with pytest.raises(StandinError, match="calculator failed: NotImplementedError"):
        evaluate(atoms)


def test_collided_ions_stop():
    atoms = bulk("Ar", cubic=True)
    atoms.positions[1] = atoms.positions[0]
    atoms.calc = LennardJones()
    with pytest.raises(StandinError, match=r"not finite|calculator failed"):
        evaluate(atoms)
