"""Forces are the negative gradient of the backend's own energy, the stress its derivative by strain."""

import numpy as np
import pytest
from potential.exactness.cases import CASES

CRYSTALS = (
    pytest.param("LZSP, 40 atoms: rattled"),
    pytest.param("tiny cells: edges to own images: three atoms skewed"),
    pytest.param("angles of and near 180 and 0 degrees: bent by 1e-01"),
    pytest.param("LZSP, 2,000 K: snapshot 2", marks=pytest.mark.exactness),
    pytest.param("tiny cells: edges to own images: two atoms skewed", marks=pytest.mark.exactness),
    pytest.param("LZSP, 160 atoms: LZHSTNSP supercell", marks=pytest.mark.exactness),
)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)  # on [-1, 1]


@pytest.fixture(params=CRYSTALS)
def crystal(request, judge, backend):
    """Numbers, positions, cell, and the backend's evaluator of 0.3.0."""
    atoms = CASES[request.param].build()
    return atoms.numbers, atoms.positions, atoms.cell.array, judge.evaluator(backend, "0.3.0")


def test_forces_by_central_differences(crystal):
    numbers, positions, cell, evaluator = crystal
    forces = evaluator.evaluate(numbers, positions, cell).forces
    rng, step = np.random.default_rng(0), 0.002
    for atom in rng.choice(len(numbers), min(3, len(numbers)), replace=False):
        axis = rng.integers(3)
        energies = {}
        for factor in (-2, -1, 1, 2):
            moved = positions.copy()
            moved[atom, axis] += factor * step
            energies[factor] = evaluator.evaluate(numbers, moved, cell, forces=False).energy
        slope = (8 * (energies[1] - energies[-1]) - energies[2] + energies[-2]) / (12 * step)
        # Energies are known to some 1e-7 eV an atom, of which a slope over 4 mA makes some 2e-5 eV/A an atom.
        assert -forces[atom, axis] == pytest.approx(slope, abs=1.5e-3 + 3e-5 * len(numbers), rel=1e-3)


def test_forces_integrate_to_the_energy(crystal):
    """Compare with the work along a straight path of all atoms, by Gauss-Legendre quadrature.

    The path is short: the radial basis below 3 A has waves of 0.2 A, and angles have a cusp at 180 degrees.
    """
    numbers, positions, cell, evaluator = crystal
    path = np.random.default_rng(1).normal(0, 0.003, positions.shape)
    ends = [evaluator.evaluate(numbers, positions + side * path, cell, forces=False).energy for side in (1, -1)]
    work = sum(
        weight * (evaluator.evaluate(numbers, positions + node * path, cell).forces * path).sum()
        for node, weight in zip(NODES, WEIGHTS, strict=True)
    )
    assert abs(work) > 1e-4
    assert ends[0] - ends[1] == pytest.approx(-work, abs=5e-6 + 2e-7 * len(numbers))


def test_stress_integrates_to_the_energy(crystal):
    """Compare likewise along a path of strains: dE = V tr(stress F^-1 dF) for the deformation F."""
    numbers, positions, cell, evaluator = crystal
    strain = np.random.default_rng(2).normal(0, 0.001, (3, 3))
    ends = []
    for side in (1, -1):
        deformation = np.eye(3) + side * strain
        ends.append(evaluator.evaluate(numbers, positions @ deformation, cell @ deformation, forces=False).energy)
    work = 0.0
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        deformation = np.eye(3) + node * strain
        found = evaluator.evaluate(numbers, positions @ deformation, cell @ deformation, forces=False, stress=True)
        volume = abs(np.linalg.det(cell @ deformation))
        work += weight * volume * np.trace(found.stress @ np.linalg.solve(deformation, strain))
    assert abs(work) > 1e-4
    assert ends[0] - ends[1] == pytest.approx(work, abs=5e-6 + 2e-7 * len(numbers))
