"""The guard: lost atoms, overlaps, heat and numbers that are none; drift and ordinary vibrations are left alone."""

from dataclasses import replace

import numpy as np
import pytest
from ase.calculators.singlepoint import SinglePointCalculator
from ase.geometry import get_distances

from aiida_hezsp.errors import ExplosionError
from aiida_hezsp.potential.md_guard import Guard
from aiida_hezsp.potential.md_settings import MdSettings
from aiida_hezsp.potential.trajectory import Recorder


@pytest.fixture
def crystal(crystals):
    atoms = crystals["LiF"].repeat((2, 2, 2))
    atoms.calc = SinglePointCalculator(atoms, energy=0.0, forces=np.zeros((len(atoms), 3)))
    return atoms


@pytest.fixture
def guard(crystal):
    settings = MdSettings(temperature=300)
    return Guard(
        crystal, settings, Recorder(crystal, [i for i, s in enumerate(crystal.symbols) if s == "Li"], settings)
    )


def test_a_framework_atom_far_from_its_place_is_lost(crystal, guard):
    guard.check_geometry(crystal, 1)
    crystal.positions[3] += crystal.cell.array[0]  # to an equal place, 5.7 A away: no distance tells
    moved = np.linalg.norm(crystal.cell.array[0]) * 7 / 8  # the centre of the eight fluorines follows by an eighth
    with pytest.raises(ExplosionError, match=rf"step 7: F 4 is lost, {moved:.1f} A from its place, beyond 5 A"):
        guard.check_geometry(crystal, 7)


def test_mobile_ions_go_where_they_like_and_drift_is_no_loss(crystal, guard):
    crystal.positions[0] += 3 * crystal.cell.array[1]
    crystal.positions += [40.0, -3.0, 0.5]
    guard.check_geometry(crystal, 1)


@pytest.mark.parametrize("image", [(0, 0, 0), (1, 0, 0), (-1, 2, 3)])
def test_two_atoms_on_nearly_one_place(crystal, guard, image):
    crystal.positions[0] = crystal.positions[5] + [0.3, 0.1, 0] + image @ crystal.cell.array
    with pytest.raises(ExplosionError, match=r"step 9: Li 1 and F 6 are 0\.32 A apart, closer than 0\.5 A"):
        guard.check_geometry(crystal, 9)


def test_near_pairs_are_found_in_very_skewed_cells(crystals):
    """Against ASE's own search for the nearest image."""
    rng = np.random.default_rng(3)
    for _ in range(20):
        atoms = crystals["LiF"].repeat((2, 1, 1))
        atoms.set_cell([[6, 0, 0], [rng.uniform(-9, 9), 6, 0], [rng.uniform(-9, 9), rng.uniform(-9, 9), 6]])
        atoms.positions = rng.random((4, 3)) @ atoms.cell.array
        atoms.positions[0] = atoms.positions[2] + rng.normal(0, 0.1, 3) + rng.integers(-3, 4, 3) @ atoms.cell.array
        _, distances = get_distances(atoms.positions, cell=atoms.cell, pbc=True)
        nearest = distances[np.triu_indices(4, 1)].min()
        settings = MdSettings(min_distance=nearest * 0.999)
        Guard(atoms, settings, Recorder(atoms, [0, 2], settings)).check_geometry(atoms, 0)
        settings = replace(settings, min_distance=nearest * 1.001)
        with pytest.raises(ExplosionError, match="apart"):
            Guard(atoms, settings, Recorder(atoms, [0, 2], settings)).check_geometry(atoms, 0)


def test_heat_forces_and_what_is_no_number(crystal, guard):
    guard.check_step(crystal, 1)
    crystal.set_momenta(np.full((len(crystal), 3), 30.0))
    with pytest.raises(ExplosionError, match=r"step 2: \d+ K, beyond 1500 K"):
        guard.check_step(crystal, 2)
    crystal.set_momenta(np.zeros((len(crystal), 3)))
    for force, message in ((2e3, r"a force of 2e\+03 eV/A"), (np.nan, "are not finite"), (np.inf, "are not finite")):
        crystal.calc = SinglePointCalculator(crystal, energy=0.0, forces=np.full((len(crystal), 3), force))
        with pytest.raises(ExplosionError, match=f"step 3: .*{message}"):
            guard.check_step(crystal, 3)
