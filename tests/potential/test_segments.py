"""Joining segments: the run as it was, and every way in which segments do not belong together."""

from itertools import pairwise

import numpy as np
import pytest
from ase import units
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.md.verlet import VelocityVerlet

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.potential.segments import JoinSettings, Segment, follows, join_segments, unwrapped

STEPS = 60


@pytest.fixture(scope="module")
def run():
    """Hot Cu3Al by ASE in the NVE ensemble: atoms, fractional wrapped positions (steps, atoms, 3), true positions."""
    atoms = bulk("Cu", cubic=True) * (2, 1, 1)
    atoms.symbols[[0, 5]] = "Al"
    atoms.calc = EMT()
    MaxwellBoltzmannDistribution(atoms, temperature_K=2500, rng=np.random.default_rng(2))
    true = []
    dynamics = VelocityVerlet(atoms, timestep=2 * units.fs)
    for number, _ in enumerate(dynamics.irun(steps=STEPS)):
        if number < STEPS:
            true.append(atoms.positions.copy())
    true = np.array(true)
    return atoms, true @ np.linalg.inv(atoms.cell.array) % 1.0, true


def cut(fractional, *ends):
    """Return segments that end before the given steps; an energy is its step's number, a temperature ten times that."""
    bounds = [0, *ends, len(fractional)]
    number = np.arange(len(fractional), dtype=float)
    return [
        Segment(f"s{n}", fractional[a:b], number[a:b], 10 * number[a:b]) for n, (a, b) in enumerate(pairwise(bounds))
    ]


def join(atoms, segments, **settings):
    chosen = JoinSettings(**{"timestep": 2.0, "mobile": "Al", "record_every": 3, "frames_every": 7, **settings})
    return join_segments(segments, atoms.get_chemical_symbols(), atoms.cell.array, chosen)


def test_the_joined_run_is_the_run(run):
    """Against ASE's own, never wrapped positions: atoms do cross the cell's faces."""
    atoms, fractional, true = run
    joined = join(atoms, cut(fractional, 13, 14, 40))
    assert (np.abs(np.diff(fractional, axis=0)) > 0.5).any()
    framework = np.array(atoms.get_chemical_symbols()) != "Al"
    masses = atoms.get_masses()[framework]
    centre = np.einsum("a,fax->fx", masses / masses.sum(), true[:, framework])
    ions = true[:, ~framework] - (centre - centre[0])[:, None]
    # positions begin inside the cell, as VASP writes them
    shift = fractional[0] @ atoms.cell.array - true[0]
    np.testing.assert_allclose(joined.positions, (ions + shift[~framework])[::3], atol=2e-5)
    np.testing.assert_allclose(joined.frames, (true + shift)[::7], atol=2e-5)
    assert joined.times.tolist() == [6.0 * n for n in range(20)]
    assert joined.frame_times.tolist() == [14.0 * n for n in range(9)]
    assert joined.potential_energies.tolist() == [3.0 * n for n in range(20)]
    assert joined.temperatures.tolist() == [30.0 * n for n in range(20)]
    assert joined.mobile_indices.tolist() == [0, 5]
    assert joined.positions.dtype == np.float32


def test_a_repeated_frame_is_dropped(run):
    """As a killed run leaves it: the next one begins where the last whole step was."""
    atoms, fractional, _ = run
    whole = join(atoms, cut(fractional))
    first, second = cut(fractional, 20)
    again = Segment("s1", fractional[19:], second.energies[0] - 1 + np.arange(STEPS - 19.0), np.zeros(STEPS - 19))
    joined = join(atoms, [first, again])
    np.testing.assert_array_equal(joined.positions, whole.positions)
    np.testing.assert_array_equal(joined.potential_energies, whole.potential_energies)
    only = Segment("s1", fractional[19:20], np.array([19.0]), np.zeros(1))
    np.testing.assert_array_equal(join(atoms, [first, only, second]).positions, whole.positions)


@pytest.mark.parametrize("end", [5, 20, 37, 52])
def test_what_follows_and_what_does_not(run, end):
    atoms, fractional, _ = run
    cell, masses = atoms.cell.array, atoms.get_masses()
    before = fractional[:end]
    assert follows(before, fractional[end:], cell, masses) == 1
    assert follows(before, fractional[end - 1 :], cell, masses) == 0
    with pytest.raises(TrajectoryError, match="steps are missing"):
        follows(before, fractional[end + 1 :], cell, masses)  # one step is missing
    with pytest.raises(TrajectoryError, match="velocities were lost"):
        follows(before, fractional[end - 2 :], cell, masses)  # two steps back


def test_velocities_drawn_anew_are_noticed(run):
    atoms, fractional, true = run
    again = atoms.copy()
    again.calc = EMT()
    again.positions = true[29]
    MaxwellBoltzmannDistribution(again, temperature_K=2500, rng=np.random.default_rng(7))
    VelocityVerlet(again, timestep=2 * units.fs).run(1)
    other = (again.positions @ np.linalg.inv(atoms.cell.array))[None]
    with pytest.raises(TrajectoryError, match="velocities were lost"):
        follows(fractional[:30], other, atoms.cell.array, atoms.get_masses())


def test_a_segment_that_does_not_continue_is_named(run):
    atoms, fractional, _ = run
    first, _, third = cut(fractional, 20, 30)
    with pytest.raises(TrajectoryError, match="segment s2 does not continue the one before it"):
        join(atoms, [first, third])


def test_unwrapped_goes_on_from_a_frame_before():
    wrapped = np.array([[[0.9, 0.5, 0.0]], [[0.05, 0.5, 0.98]]])
    np.testing.assert_allclose(unwrapped(wrapped), [[[0.9, 0.5, 0.0]], [[1.05, 0.5, -0.02]]])
    np.testing.assert_allclose(unwrapped(wrapped, [[2.85, 0.5, -1.0]])[0], [[2.9, 0.5, -1.0]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"positions": np.zeros((3, 2))}, r"\(steps, atoms, 3\) is needed"),
        ({"energies": np.zeros(2)}, "one energy and one temperature"),
        ({"energies": np.array([0.0, np.nan, 0.0])}, "not finite"),
    ],
)
def test_damaged_segments_are_refused(change, message):
    good = {"positions": np.zeros((3, 2, 3)), "energies": np.zeros(3), "temperatures": np.zeros(3)}
    with pytest.raises(TrajectoryError, match=message):
        Segment("s0", **{**good, **change})


def test_a_run_needs_mobile_ions_a_framework_and_a_segment(run):
    atoms, fractional, _ = run
    with pytest.raises(TrajectoryError, match="needs mobile ions Li and a framework"):
        join(atoms, cut(fractional), mobile="Li")
    with pytest.raises(TrajectoryError, match="no segment"):
        join(atoms, [])
    with pytest.raises(TrajectoryError, match="segment s0 has 8 atoms"):
        join_segments(cut(fractional), ["Cu", "Al"], np.eye(3), JoinSettings(2.0, "Al"))
