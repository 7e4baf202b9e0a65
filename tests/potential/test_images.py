import io
import pickle
from dataclasses import replace

import ase.io
import numpy as np
import pytest
from ase import units
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiida_hezsp.errors import ImageError
from aiida_hezsp.potential.images import LAYOUT, ImageSet


def arrays_of(images):
    return {name: getattr(images, name) for name in LAYOUT}


def assert_same(first, second):
    for name in LAYOUT:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_round_trip_through_file_and_bytes(images, tmp_path):
    path = tmp_path / "images.npz"
    images.save(path)
    assert_same(ImageSet.load(path), images)
    assert_same(ImageSet.load(io.BytesIO(path.read_bytes())), images)


def test_select_keeps_each_images_atoms_together(images):
    chosen = images.select([20, 3])
    assert chosen.groups.tolist() == ["NiO", "LiF"]
    assert chosen.n_atoms.tolist() == [2, 2]
    np.testing.assert_array_equal(chosen.forces[:2], images.forces[images.rows(20)])
    np.testing.assert_array_equal(chosen.positions[2:], images.positions[images.rows(3)])
    assert_same(ImageSet.concatenate([images.select([0, 1]), images.select(range(2, 24))]), images)


def test_of_groups(images):
    chosen = images.of_groups(["Li2O"])
    assert set(chosen.groups.tolist()) == {"Li2O"}
    assert chosen.n_atoms.tolist() == [3] * 6
    with pytest.raises(ImageError, match="no image belongs to Na2O"):
        images.of_groups(["Na2O"])


def test_offsets_and_energies_per_atom(images):
    assert images.offsets[-1] == len(images.numbers)
    np.testing.assert_allclose(images.energies_per_atom * images.n_atoms, images.energies)
    assert images.steps.tolist() == list(range(6)) * 4


def test_extxyz_is_read_back_by_ase(images, tmp_path):
    path = tmp_path / "images.xyz"
    images.select([0, 20]).to_extxyz(path)
    first, second = ase.io.read(path, index=":")
    np.testing.assert_allclose(first.get_forces(), images.forces[images.rows(0)], atol=1e-7)
    np.testing.assert_allclose(first.get_potential_energy(), images.energies[0])
    np.testing.assert_allclose(first.get_stress(voigt=False), images.stresses[0] * units.GPa, atol=1e-7)
    np.testing.assert_allclose(second.get_magnetic_moments(), images.magmoms[images.rows(20)], atol=1e-6)
    assert first.info["group"] == "LiF"


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("forces", lambda a: a[:-1], "forces has the shape"),
        ("energies", lambda a: np.full_like(a, np.nan), "energies holds 24 values that are not finite"),
        ("stresses", lambda a: np.full_like(a, np.inf), "stresses holds"),
        ("numbers", lambda a: np.full_like(a, 95), "atomic numbers from 1 to 94"),
        ("numbers", lambda a: a.astype(float), "numbers holds values of type float64"),
        ("cells", np.zeros_like, "no volume"),
        ("magmoms", lambda a: a - 10, "absolute"),
        ("groups", lambda a: np.arange(len(a)), "groups holds values of type int64"),
        ("n_atoms", lambda a: a - 5, "positive"),
        ("steps", lambda a: a.astype(np.int64) + 2**40, "out of range"),
    ],
)
def test_impossible_values_are_refused(images, name, change, message):
    with pytest.raises(ImageError, match=message):
        replace(images, **{name: change(getattr(images, name))})


def test_missing_labels_are_allowed_for_stress_and_moments_only(images):
    replace(images, stresses=np.full_like(images.stresses, np.nan))
    with pytest.raises(ImageError, match="forces"):
        replace(images, forces=np.full_like(images.forces, np.nan))


def test_nothing_is_unpickled(images, tmp_path):
    path = tmp_path / "images.npz"
    groups = images.groups.astype(object)
    np.savez(path, **{**arrays_of(images), "groups": groups})
    with pytest.raises(ImageError, match=r"images\.npz is damaged"):
        ImageSet.load(path)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 not a zip", pickle.dumps({"a": 1})], ids=["empty", "half", "pickle"]
)
def test_damaged_files_are_refused(tmp_path, content):
    path = tmp_path / "images.npz"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"images\.npz is damaged or not an npz file"):
        ImageSet.load(path)


def test_missing_foreign_and_absent_files(images, tmp_path):
    path = tmp_path / "images.npz"
    arrays = arrays_of(images)
    np.savez(path, **{key: value for key, value in arrays.items() if key != "cells"})
    with pytest.raises(ImageError, match="lacks the arrays cells"):
        ImageSet.load(path)
    np.savez(path, **arrays, extra=np.zeros(3))
    with pytest.raises(ImageError, match="do not belong there: extra"):
        ImageSet.load(path)
    with pytest.raises(ImageError, match="does not exist"):
        ImageSet.load(tmp_path / "nothing.npz")


def test_truncated_file_is_refused(images, tmp_path):
    path = tmp_path / "images.npz"
    images.save(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ImageError, match="damaged"):
        ImageSet.load(path)


def test_no_image_and_unknown_image(images):
    with pytest.raises(ImageError, match="no image is selected"):
        images.select([])
    with pytest.raises(ImageError, match="image 24 does not exist"):
        images.select([24])
    with pytest.raises(ImageError, match="no image set"):
        ImageSet.concatenate([])


@given(position=st.integers(0, 10_000), value=st.integers(1, 255))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_byte_is_an_image_error_or_changes_nothing_that_is_read(tmp_path, position, value):
    images = ImageSet.from_frames(
        symbols=["Li", "F"],
        cells=np.eye(3)[None] * 4.0,
        positions=np.array([[[0.0, 0, 0], [2, 2, 2]]]),
        energies=[-1.0],
        forces=np.zeros((1, 2, 3)),
        group="LiF",
        source="r0",
        engine="vasp 6.4.2",
    )
    path = tmp_path / "images.npz"
    images.save(path)
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= value
    path.write_bytes(data)
    try:
        ImageSet.load(path)
    except ImageError:
        return
