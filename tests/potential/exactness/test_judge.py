"""The verdict itself: what it lets pass and what not."""

from dataclasses import replace

import numpy as np
import pytest
from potential.exactness.judge import FLOORS, LIMITS, Deviation, allowed

from aiida_hezsp.potential.evaluation import Evaluation

NOTHING = Deviation(0.0, 0.0, 0.0, 0.0)
HUGE = Deviation(1.0, 1.0, 1.0, 1.0)


@pytest.fixture
def evaluation():
    rng = np.random.default_rng(0)
    return Evaluation(-12.0, rng.normal(size=(4, 3)), rng.normal(size=(3, 3)), rng.normal(size=4))


def test_every_quantity_is_compared_in_its_unit(evaluation):
    stress = evaluation.stress.copy()
    stress[1, 2] += 1e-6
    other = replace(evaluation, energy=-12.4, forces=evaluation.forces + 0.2, stress=stress)
    found = Deviation.of(other, evaluation)
    assert found.as_dict() == pytest.approx({"energy": 0.1, "forces": 0.2, "stress": 1.602177e-4, "magmoms": 0.0})


@pytest.mark.parametrize("name", ["forces", "stress", "magmoms"])
def test_what_is_no_number_is_infinitely_wrong(evaluation, name):
    broken = getattr(evaluation, name).copy()
    broken.flat[-1] = np.nan
    assert getattr(Deviation.of(replace(evaluation, **{name: broken}), evaluation), name) == np.inf


def test_stock_sets_the_measure_between_floor_and_limit(evaluation):
    assert allowed(evaluation, NOTHING) == FLOORS
    assert allowed(evaluation, HUGE) == LIMITS
    stock = Deviation(6e-6, 5e-5, 7e-4, 5e-6)
    assert allowed(evaluation, stock) == stock


def test_limits_are_waived_only_where_atoms_overlap(evaluation):
    for largest, wanted in ((49.0, LIMITS), (51.0, HUGE)):
        forces = np.zeros((4, 3))
        forces[2, 1] = -largest
        assert allowed(replace(evaluation, forces=forces), HUGE) == wanted


def test_floors_grow_with_forces_but_not_beyond_the_limit(evaluation):
    for largest, wanted in ((5.0, FLOORS.forces), (30.0, 3 * FLOORS.forces), (49.0, 4.9 * FLOORS.forces)):
        forces = np.zeros((4, 3))
        forces[0, 2] = largest
        assert allowed(replace(evaluation, forces=forces), NOTHING).forces == pytest.approx(wanted)
