"""What must not matter does not: what else is asked, what was evaluated before, origin, order, cell, layout."""

from itertools import product

import numpy as np
import pytest
from potential.exactness.cases import CASES, lzsp, rattled
from potential.exactness.judge import FLOORS, largest

NAMES = ("forces", "stress", "magmoms")
VARIED = (
    "LZSP, 40 atoms: rattled",
    "isolated atoms: one atom in a box",
    "tiny cells: edges to own images: needle",
    "no bond below 3 A: empty bond graph: pair",
    "tiny cells: edges to own images: two atoms",
    "one bond below 3 A: no angle: two pairs",
)
SHAPES = {"forces": lambda n: (n, 3), "stress": lambda _: (3, 3), "magmoms": lambda n: (n,)}
UNIMODULAR = np.array([[1, 1, 0], [0, 1, -1], [1, 1, 1]])


def arrays(case):
    atoms = CASES[case].build()
    return atoms.numbers, atoms.positions, atoms.cell.array


def everything(evaluator, numbers, positions, cell):
    return evaluator.evaluate(numbers, positions, cell, forces=True, stress=True, magmoms=True)


def assert_same(result, wanted):
    """Compare to the last bit."""
    assert result.energy == wanted.energy
    for name in NAMES:
        np.testing.assert_array_equal(getattr(result, name), getattr(wanted, name), err_msg=name)


def assert_close(result, energy, forces, stress, magmoms):
    """Compare to the digits of float32."""
    n = len(forces)
    assert result.energy / n == pytest.approx(energy / n, abs=FLOORS.energy)
    assert largest(result.forces - forces) < FLOORS.forces
    assert largest(result.stress - stress) < 1e-6
    assert largest(result.magmoms - magmoms) < FLOORS.magmoms


@pytest.fixture
def evaluator(judge, backend):
    return judge.evaluator(backend, "0.3.0")


@pytest.fixture(scope="module")
def base():
    """A crystal of 40 atoms with low symmetry."""
    atoms = rattled(lzsp("Li3.5Zr1.5Al0.5Si2PO12"), 0.1)
    return atoms.numbers, atoms.positions, atoms.cell.array


@pytest.mark.parametrize("case", VARIED)
def test_only_what_is_asked_is_returned_and_it_is_always_the_same(evaluator, case):
    numbers, positions, cell = arrays(case)
    whole = everything(evaluator, numbers, positions, cell)
    for wanted in product((False, True), repeat=3):
        asked = dict(zip(NAMES, wanted, strict=True))
        result = evaluator.evaluate(numbers, positions, cell, **asked)
        assert {name: getattr(result, name) is not None for name in NAMES} == asked
        assert isinstance(result.energy, float)
        assert result.energy == pytest.approx(whole.energy, abs=1e-7 * len(numbers))
        for name in NAMES:
            if asked[name]:
                found = np.asarray(getattr(result, name))
                assert found.shape == SHAPES[name](len(numbers))
                assert found.dtype == np.float64
                np.testing.assert_allclose(found, getattr(whole, name), atol=2e-6, err_msg=name)


def test_nothing_is_left_from_what_was_evaluated_before(backend, judge):
    model = judge.evaluator(backend, "0.3.0")
    from potential.exactness.models import model as named

    alone = {}
    for case in VARIED:
        fresh = backend.evaluator(named("0.3.0"))
        alone[case] = everything(fresh, *arrays(case))
    for order in (VARIED, VARIED[::-1], VARIED[:3] * 2):
        for case in order:
            assert_same(everything(model, *arrays(case)), alone[case])
            model.evaluate(*arrays(case), forces=False)


def test_results_of_earlier_calls_stay_as_they_were(evaluator, base):
    numbers, positions, cell = base
    first = everything(evaluator, numbers, positions, cell)
    kept = {name: np.array(getattr(first, name)) for name in NAMES}
    everything(evaluator, numbers, positions + np.random.default_rng(0).normal(0, 0.1, positions.shape), cell)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(first, name), kept[name])


@pytest.mark.parametrize("case", VARIED)
def test_runs_are_bit_identical_on_one_thread(evaluator, case):
    first, second = (everything(evaluator, *arrays(case)) for _ in range(2))
    assert_same(second, first)


def test_layout_and_types_of_arrays_do_not_matter_and_arguments_are_not_changed(evaluator, base):
    numbers, positions, cell = base
    wanted = everything(evaluator, numbers, positions, cell)
    given = (numbers.astype(np.int16), np.asfortranarray(positions), np.asfortranarray(cell))
    copies = [array.copy() for array in given]
    for array in given:
        array.flags.writeable = False
    assert_same(everything(evaluator, *given), wanted)
    for array, copy in zip(given, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
    spaced = np.zeros((len(positions), 6))
    spaced[:, ::2] = positions
    assert_same(everything(evaluator, numbers.astype(np.int32), spaced[:, ::2], cell), wanted)


def test_translated_wrapped_and_unwrapped_copies(evaluator, base):
    numbers, positions, cell = base
    wanted = everything(evaluator, numbers, positions, cell)
    rng = np.random.default_rng(3)
    copies = {
        "translated": positions + np.array([0.123, -4.56, 78.9]),
        "wrapped": (np.linalg.solve(cell.T, positions.T).T % 1.0) @ cell,
        "unwrapped": positions + rng.integers(-9, 10, positions.shape) @ cell,
        "far away": positions + np.array([40, -13, 7]) @ cell,
    }
    for moved in copies.values():
        assert_close(everything(evaluator, numbers, moved, cell), *vars(wanted).values())


def test_permuted_atoms(evaluator, base):
    numbers, positions, cell = base
    wanted = everything(evaluator, numbers, positions, cell)
    order = np.random.default_rng(4).permutation(len(numbers))
    result = everything(evaluator, numbers[order], positions[order], cell)
    assert_close(result, wanted.energy, wanted.forces[order], wanted.stress, wanted.magmoms[order])


def test_rotated_and_mirrored_crystals(evaluator, base):
    numbers, positions, cell = base
    wanted = everything(evaluator, numbers, positions, cell)
    rotation, _ = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))
    for turn in (rotation, -rotation):  # one of both makes the cell left-handed
        result = everything(evaluator, numbers, positions @ turn, cell @ turn)
        assert_close(result, wanted.energy, wanted.forces @ turn, turn.T @ wanted.stress @ turn, wanted.magmoms)


def test_other_cells_of_the_same_crystal(evaluator, base):
    numbers, positions, cell = base
    wanted = everything(evaluator, numbers, positions, cell)
    assert round(np.linalg.det(UNIMODULAR)) == 1
    for choice in (UNIMODULAR, UNIMODULAR @ UNIMODULAR, np.eye(3)[[1, 0, 2]], -np.eye(3)):
        assert_close(everything(evaluator, numbers, positions, choice @ cell), *vars(wanted).values())


@pytest.mark.parametrize("case", ["tiny cells: edges to own images: two atoms", "LZSP, 40 atoms: rattled"])
def test_a_supercell_has_as_many_times_the_energy(evaluator, case):
    atoms = CASES[case].build()
    wanted = everything(evaluator, *arrays(case))
    large = atoms.repeat((2, 1, 2))
    result = everything(evaluator, large.numbers, large.positions, large.cell.array)
    assert_close(result, 4 * wanted.energy, np.tile(wanted.forces, (4, 1)), wanted.stress, np.tile(wanted.magmoms, 4))


def test_total_force_and_torque_of_stress_vanish(evaluator, base):
    result = everything(evaluator, *base)
    assert largest(result.forces.sum(axis=0)) < 1e-4
    assert largest(result.stress - result.stress.T) < 1e-6


@pytest.mark.parametrize("radius", [3.0, 6.0])
def test_energy_and_forces_are_smooth_where_bonds_enter_and_leave(evaluator, radius):
    results = []
    for distance in (radius - 1e-4, radius + 1e-4):
        positions = np.array([[0.0, 0, 0], [distance, 0, 0], [0, 2.2, 0]])
        results.append(evaluator.evaluate(np.array([3, 8, 40]), positions, np.eye(3) * 25))
    forces = (results[0].forces[1, 0] + results[1].forces[1, 0]) / 2
    assert results[1].energy - results[0].energy == pytest.approx(-2e-4 * forces, abs=5e-6)
    np.testing.assert_allclose(results[0].forces, results[1].forces, atol=2e-3)
