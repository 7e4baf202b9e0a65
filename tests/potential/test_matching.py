"""Site matching against pymatgen's StructureMatcher, against a brute force, and where the answer is known."""

from itertools import permutations

import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Lattice, Structure

from aiida_hezsp.errors import StructureError
from aiida_hezsp.families import load_family
from aiida_hezsp.potential.matching import match_sites


def matched(first, second):
    symbols = [site.specie.symbol for site in first]
    cells = first.lattice.matrix, second.lattice.matrix
    return match_sites(symbols, cells, (first.frac_coords, second.frac_coords))


@pytest.fixture
def host():
    """The host of LZSP, shaken so that it has no symmetry."""
    structure = load_family("lzsp").host().get_sorted_structure()
    return structure.perturb(0.05)


def test_known_displacements_give_the_root_of_their_squares(host):
    """A translation of all atoms is none; two moved by 0.3 and 0.4 A are 0.5 A, less what the mean takes away."""
    moved = host.copy()
    moved.translate_sites(range(len(moved)), [0.37, 0.81, 0.12])
    assert matched(host, moved).rssd == pytest.approx(0, abs=1e-7)
    moved.translate_sites([3], [0.3, 0, 0], frac_coords=False)
    moved.translate_sites([7], [0, 0.4, 0], frac_coords=False)
    found, n = matched(host, moved), len(host)
    # sum |d - mean|^2 = sum |d|^2 - n |mean|^2, mean = (0.3, 0.4, 0)/n
    assert found.rssd == pytest.approx(np.sqrt(0.25 - 0.25 / n), abs=1e-6)
    assert found.max_distance == pytest.approx(0.4, abs=0.4 / n + 1e-6)
    np.testing.assert_allclose(np.mod(found.translation - [0.37, 0.81, 0.12] + 0.5, 1) - 0.5, 0, atol=0.01)


def test_exchanged_sites_of_one_element_are_found_again_and_of_two_are_not(host):
    order = np.arange(len(host))
    lithium = np.flatnonzero([site.specie.symbol == "Li" for site in host])
    order[lithium] = np.roll(lithium, 2)
    exchanged = Structure(
        host.lattice, host.species, host.frac_coords[order] + np.rint(np.linspace(-2, 2, len(host)))[:, None]
    )
    found = matched(host, exchanged)
    assert found.rssd == pytest.approx(0, abs=1e-6)
    # site `order[i]` of the host stands at place i of the other
    assert found.order[order].tolist() == list(range(len(host)))
    # zirconium and silicon exchanged: every site keeps its element, so that the distance is theirs
    zr, si = (next(n for n, site in enumerate(host) if site.specie.symbol == symbol) for symbol in ("Zr", "Si"))
    wrong = host.copy()
    wrong.replace(zr, "Si")
    wrong.replace(si, "Zr")
    wrong = wrong.get_sorted_structure(key=lambda site: [s.specie.symbol for s in host].index(site.specie.symbol))
    assert matched(host, wrong).rssd > 1.0


def test_the_distance_is_that_of_structure_matcher(host):
    """Its rms distance is in units of (V/n)^(1/3), over n sites, in the mean lattice."""
    strained = host.copy()
    strained.apply_strain([0.01, -0.004, 0.006])
    strained = strained.perturb(0.2)
    strained.translate_sites(range(len(strained)), [0.2, 0.0, 0.4])
    matcher = StructureMatcher(
        ltol=0.2, stol=0.5, angle_tol=5, primitive_cell=False, scale=False, attempt_supercell=False
    )
    rms, largest = matcher.get_rms_dist(host, strained)
    n = len(host)
    length = ((host.volume * strained.volume) ** 0.5 / n) ** (1 / 3)
    found = matched(host, strained)
    assert found.rssd == pytest.approx(rms * np.sqrt(n) * length, rel=0.01)
    assert found.max_distance == pytest.approx(largest * length, rel=0.02)


def test_the_assignment_is_the_best_of_all():
    """Brute force over all permutations of five atoms of one element, in a skewed cell, at the translation found."""
    rng = np.random.default_rng(5)
    lattice = Lattice([[4.0, 0, 0], [2.1, 3.6, 0], [-1.0, 0.8, 4.1]])
    first, second = (Structure(lattice, ["Na"] * 5, rng.random((5, 3))) for _ in range(2))
    found = matched(first, second)
    shifted = first.frac_coords + found.translation
    squares = lattice.get_all_distances(shifted, second.frac_coords) ** 2
    best = min(squares[range(5), order].sum() for order in permutations(range(5)))
    assert found.rssd**2 == pytest.approx(best, abs=1e-3)
    np.testing.assert_allclose(found.distances, np.sqrt(squares[range(5), found.order]), atol=1e-3)


def test_a_rotated_cell_is_the_same_cell(host):
    from scipy.spatial.transform import Rotation

    turned = Structure(
        host.lattice.matrix @ Rotation.from_euler("xyz", [0.3, -0.7, 1.1]).as_matrix(), host.species, host.frac_coords
    )
    assert matched(host, turned).rssd == pytest.approx(0, abs=1e-6)


def test_cells_that_do_not_fit_are_refused():
    with pytest.raises(StructureError, match="cannot be matched"):
        match_sites(["Na"], (np.eye(3), np.eye(3)), (np.zeros((1, 3)), np.zeros((2, 3))))
