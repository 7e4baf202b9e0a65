"""CSM against pymatgen's chemenv, against all permutations, and against reference values."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiida_hezsp.errors import StructureError
from aiida_hezsp.sfmsd import continuous_symmetry_measure, continuous_symmetry_measures
from aiida_hezsp.sfmsd.csm import IDEALS

SEEDS = st.integers(0, 2**32 - 1)


def distorted(rng, ideal, noise):
    """Return an ideal polyhedron, distorted, with its vertices in random order."""
    vertices = np.array(IDEALS[ideal], dtype=float)
    return rng.permutation(vertices + rng.normal(scale=noise, size=vertices.shape))


def rotation(rng):
    """Return a random rotation."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q *= np.sign(np.diag(r))
    return q * np.linalg.det(q)


@pytest.fixture(scope="module")
def chemenv():
    """Return chemenv's CSM of a polyhedron against an ideal, and the same over a set of permutations."""
    from pymatgen.analysis.chemenv.coordination_environments.coordination_geometries import AllCoordinationGeometries
    from pymatgen.analysis.chemenv.coordination_environments.coordination_geometry_finder import (
        AbstractGeometry,
        LocalGeometryFinder,
        symmetry_measure,
    )

    settings_ = {"centering_type": "centroid", "include_central_site_in_centroid": True}
    finder = LocalGeometryFinder()
    finder.setup_parameters(**settings_)
    geometries = AllCoordinationGeometries()

    def both(vectors, ideal, over=None):
        geometry = geometries[ideal]
        finder.perfect_geometry = AbstractGeometry.from_cg(geometry, **settings_)
        finder.local_geometry = AbstractGeometry(central_site=np.zeros(3), bare_coords=vectors, **settings_)
        perfect = finder.perfect_geometry.points_wcs_ctwcc()
        if over is None:
            found = finder.coordination_geometry_symmetry_measures(geometry, points_perfect=perfect)[0]
        else:
            found = [symmetry_measure(finder.local_geometry.points_wcs_ctwcc(p), perfect) for p in over]
        return min(entry["symmetry_measure"] for entry in found)

    return both


@pytest.mark.parametrize("ideal", ["O:6", "T:4"])
def test_agrees_with_chemenv(chemenv, ideal):
    # Up to distortions where chemenv's search by separation planes still finds the minimum; see the next test.
    rng = np.random.default_rng(1)
    for noise in np.linspace(0.0, 0.4, 500):
        vectors = distorted(rng, ideal, noise)
        assert continuous_symmetry_measure(vectors, ideal) == pytest.approx(chemenv(vectors, ideal), abs=1e-10)


@pytest.mark.parametrize("ideal", ["O:6", "T:4"])
def test_agrees_with_chemenv_over_all_permutations(chemenv, ideal):
    # Shapeless clouds of points: chemenv's own measure, minimised over all 720 (24) permutations.
    rng = np.random.default_rng(2)
    n = len(IDEALS[ideal])
    for _ in range(10):
        vectors = rng.normal(size=(n, 3))
        everything = chemenv(vectors, ideal, over=list(permutations(range(n))))
        assert continuous_symmetry_measure(vectors, ideal) == pytest.approx(everything, abs=1e-10)


def test_is_never_above_chemenvs_search(chemenv):
    rng = np.random.default_rng(3)
    for _ in range(30):
        vectors = distorted(rng, "O:6", 1.0)
        assert continuous_symmetry_measure(vectors, "O:6") <= chemenv(vectors, "O:6") + 1e-10


def test_square_against_tetrahedron():
    square = [[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]]
    assert continuous_symmetry_measure(square, "T:4") == pytest.approx(33.33, abs=0.005)


def test_trigonal_prism_against_octahedron():
    angles = 2 * np.pi * np.arange(3) / 3
    prism = [[np.cos(t), np.sin(t), z] for z in (-np.sqrt(3) / 2, np.sqrt(3) / 2) for t in angles]
    assert continuous_symmetry_measure(prism, "O:6") == pytest.approx(16.74, abs=0.005)


@pytest.mark.parametrize("ideal", ["O:6", "T:4"])
def test_ideal_is_zero(ideal):
    assert continuous_symmetry_measure(np.array(IDEALS[ideal]) * 2.07, ideal) == pytest.approx(0.0, abs=1e-12)


@settings(max_examples=30)
@given(seed=SEEDS, ideal=st.sampled_from(sorted(IDEALS)), scale=st.floats(0.1, 50.0))
def test_orientation_size_order_and_handedness_do_not_matter(seed, ideal, scale):
    rng = np.random.default_rng(seed)
    vectors = distorted(rng, ideal, 0.5)
    value = continuous_symmetry_measure(vectors, ideal)
    assert 0.0 <= value <= 100.0
    turned = scale * rng.permutation(vectors @ rotation(rng)) * np.array([1.0, 1.0, rng.choice([-1.0, 1.0])])
    assert continuous_symmetry_measure(turned, ideal) == pytest.approx(value, abs=1e-10)


def test_centre_counts():
    # An octahedron whose central atom has moved is less symmetric than the empty one around it.
    moved = np.array(IDEALS["O:6"], dtype=float) - [0.3, 0.0, 0.0]
    n, shift2 = 6, 0.09
    # Vertices are perfect; all of the loss is the centre's own distance: |p|^2 = 6 + 6/7 0.09.
    assert continuous_symmetry_measure(moved, "O:6") == pytest.approx(
        100.0 * (1.0 - n / (n + n / (n + 1) * shift2)), rel=1e-9
    )


def test_batch_is_each_alone():
    rng = np.random.default_rng(4)
    many = rng.normal(size=(20, 6, 3))
    alone = [continuous_symmetry_measure(vectors, "O:6") for vectors in many]
    np.testing.assert_allclose(continuous_symmetry_measures(many, "O:6"), alone, rtol=1e-12)


@pytest.mark.parametrize(
    ("vectors", "ideal", "message"),
    [
        (np.eye(3), "O:6", "needs 6 vectors"),
        (np.zeros((4, 3)), "T:4", "no size"),
        (np.full((4, 3), np.nan), "T:4", "finite"),
        (np.eye(3), "C:12", "unknown ideal polyhedron 'C:12'"),
    ],
)
def test_what_is_no_polyhedron(vectors, ideal, message):
    with pytest.raises(StructureError, match=message):
        continuous_symmetry_measure(vectors, ideal)
