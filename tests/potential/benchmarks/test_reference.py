import numpy as np
import pytest

from aiida_hezsp.potential import make_evaluator
from aiida_hezsp.potential.benchmarks.reference import Float64Evaluator


@pytest.fixture(scope="module")
def judge(pbe):
    return Float64Evaluator(pbe)


def test_forces_are_the_slope_of_the_energy_to_more_digits_than_float32_has(judge, crystals, perturbed):
    atoms = perturbed(crystals["Li2O"], np.random.default_rng(0))
    forces = judge.evaluate(atoms.numbers, atoms.positions, atoms.cell.array).forces
    step, energies = 1e-4, []
    for sign in (1, -1):
        moved = atoms.positions.copy()
        moved[1, 2] += sign * step
        energies.append(judge.evaluate(atoms.numbers, moved, atoms.cell.array).energy)
    assert (energies[1] - energies[0]) / (2 * step) == pytest.approx(forces[1, 2], abs=1e-6)


def test_it_is_the_same_model_as_stock(judge, pbe, crystals):
    atoms = crystals["NiO"]
    wanted = dict.fromkeys(("forces", "stress", "magmoms"), True)
    ours = judge.evaluate(atoms.numbers, atoms.positions, atoms.cell.array)
    stock = make_evaluator(pbe, "stock").evaluate(atoms.numbers, atoms.positions, atoms.cell.array, **wanted)
    assert ours.energy == pytest.approx(stock.energy, abs=1e-5)
    for name in wanted:
        np.testing.assert_allclose(getattr(ours, name), getattr(stock, name), atol=1e-4)
