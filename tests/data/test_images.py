"""Image nodes: what goes in comes out, and every image finds the calculation it came from."""

import io
from dataclasses import fields

import numpy as np
import pytest
from aiida import orm
from vasp_run import plain_trajectory, retrieved_files, vasp_run

from aiida_hezsp.calculations.merge_images import merge_images
from aiida_hezsp.calculations.relaxation_images import relaxation_images
from aiida_hezsp.calculations.single_point_images import single_point_images
from aiida_hezsp.data import ImageData
from aiida_hezsp.errors import ImageError
from aiida_hezsp.potential.images import ImageSet


@pytest.fixture(scope="module")
def images():
    """Five images of two crystals of different size, with and without stress and moments."""
    rng = np.random.default_rng(2)

    def frames(symbols, count, group, **labels):
        n = len(symbols)
        return ImageSet.from_frames(
            symbols=symbols,
            cells=np.eye(3) * 4 + rng.random((count, 3, 3)) / 3,
            positions=rng.random((count, n, 3)) * 4,
            energies=rng.random(count) - 7,
            forces=rng.normal(size=(count, n, 3)),
            group=group,
            source="r0",
            **labels,
        )

    return ImageSet.concatenate([
        frames(["Li", "F"], 2, "LiF", engine="standin emt"),
        frames(["Ni", "O", "Ni", "O"], 3, "NiO", engine="vasp 6.4.2", stresses=rng.normal(size=(3, 3, 3)),
               magmoms=rng.random((3, 4))),
    ])  # fmt: skip


def test_round_trip_is_exact(aiida_profile_clean, images):
    again = orm.load_node(ImageData(images).store().uuid).get_images()
    for field in fields(ImageSet):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(images, field.name), err_msg=field.name)


def test_attributes_count(aiida_profile_clean, images):
    node = ImageData(images).store()
    assert node.n_images == 5
    assert node.groups == {"LiF": 2, "NiO": 3}
    assert node.engines == {"standin emt": 2, "vasp 6.4.2": 3}


def test_an_image_of_a_merged_dataset_finds_its_calculation(localhost):
    """Two relaxations, one of them restarted once, and two single points, merged twice over."""
    runs = {name: vasp_run(localhost, plain_trajectory(n), retrieved_files()) for name, n in
            {"a0": 3, "a1": 2, "b0": 2, "s0": 1, "s1": 1}.items()}  # fmt: skip

    def outputs(*names):
        chosen = {f"r{number}": runs[name] for number, name in enumerate(names)}
        return {
            "trajectories": {key: node.outputs.trajectory for key, node in chosen.items()},
            "retrieved": {key: node.outputs.retrieved for key, node in chosen.items()},
        }

    rule = orm.Dict({"head": 10, "tail": 40, "seed": 1})
    sets = {
        "A": relaxation_images(group=orm.Str("A"), rule=rule, **outputs("a0", "a1"))["images"],
        "B": relaxation_images(group=orm.Str("B"), rule=rule, **outputs("b0"))["images"],
        "S": single_point_images(groups=orm.Dict({"r0": "A", "r1": "B"}), **outputs("s0", "s1"))["images"],
    }
    keep = orm.Dict({"outlier_threshold": None})
    once = merge_images(rule=keep, datasets={"x": sets["A"], "y": sets["B"]})["images"]
    twice = merge_images(rule=keep, datasets={"first": once, "second": sets["S"]})["images"]
    expected = ["a0"] * 3 + ["a1"] * 2 + ["b0"] * 2 + ["s0", "s1"]
    assert [twice.calculation(index).uuid for index in range(9)] == [runs[name].uuid for name in expected]
    assert [once.calculation(index).uuid for index in (0, 4, 6)] == [runs[name].uuid for name in ("a0", "a1", "b0")]


def test_an_index_out_of_range_is_refused(aiida_profile_clean, images):
    node = ImageData(images).store()
    for index in (-1, 5):
        with pytest.raises(ImageError, match=f"image {index} does not exist: the dataset has images 0 to 4"):
            node.calculation(index)


def test_a_dataset_without_history_says_so(aiida_profile_clean, images):
    with pytest.raises(ImageError, match="has no creator: the origin of its images is not recorded"):
        ImageData(images).store().calculation(0)


def test_a_source_that_is_not_linked_is_named(localhost, images):
    """The dataset came from a calcfunction, but its images name runs that are not among the inputs."""
    foreign = ImageData(images.select([0]))
    merged = merge_images(rule=orm.Dict({"outlier_threshold": None}), datasets={"x": foreign})["images"]
    with pytest.raises(ImageError, match="has no creator"):
        merged.calculation(0)
    run = vasp_run(localhost, plain_trajectory(1), retrieved_files())
    inputs = {"trajectories": {"other": run.outputs.trajectory}, "retrieved": {"other": run.outputs.retrieved}}
    collected = single_point_images(groups=orm.Dict({"other": "A"}), **inputs)["images"]
    with pytest.raises(ImageError, match="no calculation is linked under the key 'r0'"):
        collected._find_calculation("r0")


def swapped(images, content):
    node = ImageData(images)
    node.base.repository.put_object_from_filelike(io.BytesIO(content), ImageData.FILENAME)
    return node.store()


def test_a_damaged_file_is_refused_when_it_is_read(aiida_profile_clean, images):
    content = ImageData(images).get_content(mode="rb")
    for damaged in (content[: len(content) // 2], b"nothing", b""):
        with pytest.raises(ImageError, match="damaged"):
            swapped(images, damaged).get_images()


def test_a_pickled_array_is_not_loaded(aiida_profile_clean, images, tmp_path):
    arrays = {field.name: getattr(images, field.name) for field in fields(ImageSet)}
    arrays["groups"] = np.array([{"any": "object"}] * 5, dtype=object)
    np.savez(tmp_path / "planted.npz", **arrays)
    with pytest.raises(ImageError, match="would be unpickled"):
        swapped(images, (tmp_path / "planted.npz").read_bytes()).get_images()
