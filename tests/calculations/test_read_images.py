"""A dataset from a file: labels come back as they went out, and what is unfit is named before anything is stored."""

import io

import numpy as np
import pytest
from aiida import orm
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write
from hypothesis import given, settings
from hypothesis import strategies as st

from aiida_hezsp.calculations.read_images import read_images
from aiida_hezsp.errors import ImageError
from aiida_hezsp.potential import images_from_atoms, read_extxyz
from aiida_hezsp.potential.images import LAYOUT, ImageSet

STRESS = np.array([[1.0, 0.1, 0.2], [0.1, -2.0, 0.3], [0.2, 0.3, 3.0]])


def images(seed=1, *, stress=True, moments=True):
    rng = np.random.default_rng(seed)
    sets = []
    for n, group in ((2, "LiF"), (5, "Li2SiO2")):
        kept = ImageSet.from_frames(
            symbols=["Li", "F"] if n == 2 else ["Li", "Li", "Si", "O", "O"],
            cells=np.eye(3) * 5 + rng.normal(scale=0.2, size=(3, 3, 3)),
            positions=rng.random((3, n, 3)) * 5,
            energies=rng.normal(size=3) - 5 * n,
            forces=rng.normal(size=(3, n, 3)),
            stresses=np.tile(STRESS, (3, 1, 1)) if stress else None,
            magmoms=rng.random((3, n)) if moments else None,
            group=group,
            source=f"r{n}",
            engine="gpaw 26.7.0",
        )
        sets.append(kept)
    return ImageSet.concatenate(sets)


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.booleans(), st.booleans())
def test_what_was_exported_comes_back(tmp_path_factory, seed, stress, moments):
    path = tmp_path_factory.mktemp("images") / "images.xyz"
    before = images(seed, stress=stress, moments=moments)
    before.to_extxyz(path)
    after = read_extxyz(path)
    for name in LAYOUT:
        first, second = getattr(before, name), getattr(after, name)
        if first.dtype.kind == "f":
            np.testing.assert_allclose(second, first, rtol=1e-7, atol=2e-8, err_msg=name)  # the format's digits
        else:
            assert first.tolist() == second.tolist(), name


def test_the_dataset_is_stored_with_its_file(aiida_profile_clean, tmp_path):
    images().to_extxyz(tmp_path / "images.xyz")
    node = read_images(file=orm.SinglefileData(tmp_path / "images.xyz"))
    assert node.is_stored
    assert node.groups == {"LiF": 3, "Li2SiO2": 3}
    assert node.engines == {"gpaw 26.7.0": 6}
    assert node.creator.inputs.file.filename == "images.xyz"
    with pytest.raises(ImageError, match=r"read from the file images\.xyz: no calculation"):
        node.calculation(0)


def labelled(**changes):
    """Return LiF with labels as any program's ASE interface gives them."""
    atoms = bulk("LiF", "rocksalt", 4.0)
    results = {"energy": -10.0, "forces": np.zeros((2, 3)), "stress": np.array([1, 2, 3, 4, 5, 6]) * units.GPa}
    atoms.calc = SinglePointCalculator(atoms, **{k: v for k, v in (results | changes).items() if v is not None})
    return atoms


def test_a_file_of_others_gets_names(tmp_path):
    write(tmp_path / "others.xyz", [labelled(), labelled(energy=-11.0)], format="extxyz")
    found = read_extxyz(tmp_path / "others.xyz", engine="cp2k 2025.1")
    assert found.engines.tolist() == ["cp2k 2025.1"] * 2
    assert (found.groups.tolist(), found.sources.tolist()) == (["LiF"] * 2, ["0", "1"])
    np.testing.assert_allclose(found.stresses[0], [[1, 6, 5], [6, 2, 4], [5, 4, 3]])  # xx, yy, zz, yz, xz, xy
    assert np.isnan(found.magmoms).all()


@pytest.mark.parametrize(
    ("atoms", "lacks"),
    [
        (labelled(forces=None), "frame 1 .LiF. lacks forces"),
        (labelled(energy=None), "frame 1 .LiF. lacks energy"),
        (bulk("LiF", "rocksalt", 4.0), "lacks energy, forces"),
        (Atoms("LiF", cell=[4, 4, 4], pbc=[True, True, False], calculator=labelled().calc), "periodic in all"),
    ],
)
def test_an_unfit_frame_is_named(atoms, lacks):
    with pytest.raises(ImageError, match=lacks):
        images_from_atoms([labelled(), atoms], engine="gpaw 26.7.0")


def test_a_step_is_a_whole_number():
    atoms = labelled()
    atoms.info["step"] = "last"
    with pytest.raises(ImageError, match="frame 0: its step is 'last'"):
        images_from_atoms([atoms], engine="gpaw 26.7.0")


def test_a_stress_tensor_is_as_good_as_six_components():
    tensor = np.array([[1, 6, 5], [6, 2, 4], [5, 4, 3]]) * units.GPa
    found = images_from_atoms([labelled(), labelled(stress=tensor)], engine="gpaw 26.7.0")
    np.testing.assert_allclose(found.stresses[1], found.stresses[0])


def test_labels_need_a_maker():
    with pytest.raises(ImageError, match=r"what made its labels \(`engine`\)"):
        images_from_atoms([labelled()])


@settings(max_examples=50)
@given(st.text(max_size=200))
def test_text_that_is_no_such_file_is_one_error(text):
    with pytest.raises(ImageError):
        read_extxyz(io.StringIO(text), engine="gpaw")
