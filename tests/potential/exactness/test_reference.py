"""The judge is judged: float64 stock against finite differences, and against stock float32."""

import numpy as np
import pytest
from potential.exactness.cases import CASES
from potential.exactness.judge import Deviation

STEP = 2e-5
CHECKED = (
    "tiny cells: edges to own images: one atom skewed",
    "tiny cells: edges to own images: three atoms skewed",
    "angles of and near 180 and 0 degrees: bent by 1e-02",
    "isolated atoms: cluster and far atom",
    "atoms outside the cell, left-handed cells: left handed",
)


@pytest.mark.parametrize("model", ["0.3.0", "0.2.0"])
@pytest.mark.parametrize("case", CHECKED)
def test_forces_and_stress_are_derivatives_of_the_energy(judge, case, model):
    reference = judge.reference(model)
    (numbers, positions, cell), found, _ = judge.verdict(case, model)
    rng = np.random.default_rng(0)
    for _ in range(3):
        direction = rng.normal(size=positions.shape)
        slope = derivative(lambda x, d=direction: reference.energy(numbers, positions + x * d, cell), STEP)
        assert -(found.forces * direction).sum() == pytest.approx(slope, abs=2e-6, rel=1e-6)
        strain = rng.normal(size=(3, 3))
        strain += strain.T
        slope = derivative(lambda x, s=strain: strained_energy(reference, numbers, positions, cell, x * s), STEP)
        virial = (found.stress * strain).sum() * abs(np.linalg.det(cell))
        assert virial == pytest.approx(slope, abs=2e-5, rel=1e-6)


def strained_energy(reference, numbers, positions, cell, strain):
    deformation = np.eye(3) + strain
    return reference.energy(numbers, positions @ deformation, cell @ deformation)


def derivative(function, step):
    """Return the derivative at 0 by central differences of fourth order."""
    near, far = ((function(x) - function(-x)) / (2 * x) for x in (step, 2 * step))
    return (4 * near - far) / 3


@pytest.mark.parametrize("case", ["LZSP, 40 atoms: rattled", *CHECKED])
def test_is_what_stock_would_give_with_more_digits(judge, case):
    _, wanted, stock = judge.verdict(case, "0.3.0")
    assert wanted.forces.dtype == wanted.stress.dtype == wanted.magmoms.dtype == np.float64
    assert stock.energy < 1e-5
    assert stock.forces < 1e-3
    assert stock.stress < 2e-3
    assert stock.magmoms < 1e-5


def test_does_not_move_with_the_origin_as_stock_does(judge):
    (numbers, positions, cell), wanted, _ = judge.verdict("LZSP, 40 atoms: rattled", "0.3.0")
    moved = judge.reference("0.3.0").evaluate(numbers, positions + np.array([0.123, 4.56, -78.9]), cell)
    deviation = Deviation.of(moved, wanted)
    assert max(deviation.as_dict().values()) < 1e-9


def test_knows_the_composition_reference(judge):
    # Atoms beyond every cutoff: the difference of energies is that of the isolated atoms, which stock gives too.
    for case in ("isolated atoms: one atom in a box", "isolated atoms: two atoms in a box"):
        _, _, stock = judge.verdict(case, "0.3.0")
        assert stock.energy < 2e-6
    assert CASES["isolated atoms: two atoms in a box"].build().get_all_distances(mic=True).max() > 6
