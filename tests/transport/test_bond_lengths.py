"""Bond lengths against pymatgen's neighbours, against a crystal's geometry, and the measures of two distributions."""

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.transport.bond_lengths import bond_lengths, first_shell, overlap


@pytest.fixture
def rock_salt():
    """MgO, a = 4.2 A: six O at 2.1 A around every Mg, eight at 3.64 A."""
    return Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.2), ["Mg", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])


def symbols_of(structure):
    return [site.specie.symbol for site in structure]


def test_the_integral_is_the_coordination_number(rock_salt):
    made = bond_lengths(rock_salt.cart_coords[None], symbols_of(rock_salt), rock_salt.lattice.matrix, max_length=3.7)
    density, width = made.densities["Mg-O"], 0.02
    near = made.lengths < 3.0
    assert density[near].sum() * width == pytest.approx(6)
    assert density.sum() * width == pytest.approx(14)
    assert made.lengths[near][np.argmax(density[near])] == pytest.approx(2.1, abs=width)
    mean, neighbours = first_shell(made.lengths, np.where(near, density, 0.0))
    assert mean == pytest.approx(2.1, abs=width)
    assert neighbours == pytest.approx(6)


def test_distances_are_pymatgens_in_a_skewed_cell_of_several_frames():
    rng = np.random.default_rng(3)
    lattice = Lattice([[4.0, 0.3, 0.1], [1.9, 3.8, 0.0], [-1.5, 0.7, 4.4]])
    symbols = ["Li", "Zr", "O", "O", "O"]
    frames = [Structure(lattice, symbols, rng.random((5, 3))) for _ in range(3)]
    # atoms may be anywhere: a trajectory is unwrapped
    positions = np.array([frame.cart_coords + 7 * lattice.matrix[0] * (n - 1) for n, frame in enumerate(frames)])
    made = bond_lengths(positions, symbols, lattice.matrix, max_length=3.2, bin_width=0.1)
    edges = np.arange(0, 3.25, 0.1)
    for index, element in enumerate(("Li", "Zr")):
        expected = np.concatenate([
            [near.nn_distance for near in frame.get_neighbors(frame[index], 3.2) if near.specie.symbol == "O"]
            for frame in frames
        ])  # fmt: skip
        found = made.densities[f"{element}-O"] * 0.1 * len(frames)
        np.testing.assert_allclose(found, np.histogram(expected, edges)[0], atol=1e-9)
    assert set(made.densities) == {"Li-O", "Zr-O"}


def test_the_first_shell_ends_at_the_minimum():
    lengths = np.arange(0.01, 4.0, 0.02)
    shell = 6 * np.exp(-(((lengths - 2.0) / 0.1) ** 2) / 2) + 3 * np.exp(-(((lengths - 3.2) / 0.1) ** 2) / 2)
    mean, neighbours = first_shell(lengths, shell)
    assert mean == pytest.approx(2.0, abs=1e-3)
    assert neighbours == pytest.approx(6 * 0.1 * np.sqrt(2 * np.pi), rel=1e-3)
    assert first_shell(lengths, np.zeros_like(lengths)) is None


def test_the_overlap_of_two_gaussians_is_the_analytic_one():
    """Two unit Gaussians at a distance d share 2 Phi(-d/2): 0.6171 at d = 1."""
    x = np.arange(-8, 9, 0.01)
    one, other = np.exp(-(x**2) / 2), 5 * np.exp(-((x - 1) ** 2) / 2)
    assert overlap(one, other) == pytest.approx(0.6171, abs=1e-3)
    assert overlap(one, 3 * one) == pytest.approx(1.0)
    assert overlap(one, np.zeros_like(one)) == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames": np.zeros((2, 3, 3))}, r"\(frames, 8, 3\) is needed"),
        ({"anion": "F"}, "there is no F with other elements in Mg, O"),
        ({"bin_width": 5.0}, "bins of 5.0 A up to 3.5 A"),
    ],
)
def test_wrong_input_is_named(rock_salt, change, message):
    inputs = {"frames": rock_salt.cart_coords[None], "symbols": symbols_of(rock_salt), **change}
    with pytest.raises(TrajectoryError, match=message):
        bond_lengths(cell=rock_salt.lattice.matrix, **inputs)


def test_distributions_on_different_bins_are_not_compared():
    with pytest.raises(TrajectoryError, match="the same bins"):
        overlap(np.ones(3), np.ones(4))
