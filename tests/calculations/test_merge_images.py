"""Merging: nothing is lost, abnormal energies are left out and recorded, engines are not mixed."""

import numpy as np
import pytest
from aiida import orm

from aiida_hezsp.calculations.merge_images import merge_images
from aiida_hezsp.data import ImageData
from aiida_hezsp.errors import ImageError
from aiida_hezsp.potential.images import ImageSet


def dataset(group, energies, engine="vasp 6.4.2", symbols=("Li", "F")):
    """Return a node with one image per total energy (eV)."""
    count, n = len(energies), len(symbols)
    images = ImageSet.from_frames(
        symbols=list(symbols),
        cells=np.tile(4.0 * np.eye(3), (count, 1, 1)),
        positions=np.random.default_rng(0).random((count, n, 3)),
        energies=energies,
        forces=np.zeros((count, n, 3)),
        group=group,
        source="r0",
        engine=engine,
    )
    return ImageData(images)


def merge(datasets, threshold=0.5):
    return merge_images(rule=orm.Dict({"outlier_threshold": threshold}), datasets=datasets)


def test_images_are_joined_and_know_their_dataset(aiida_profile_clean):
    made = merge({"b": dataset("B", [-8.0]), "a": dataset("A", [-7.0, -7.1])})
    images = made["images"].get_images()
    assert images.sources.tolist() == ["a/r0", "a/r0", "b/r0"]
    assert images.energies.tolist() == [-7.0, -7.1, -8.0]
    assert made["removed"].get_dict() == {"outlier_threshold": 0.5, "removed": [], "kept": 3}


def test_an_abnormally_high_energy_is_left_out_and_recorded(aiida_profile_clean):
    """Two atoms: +1.1 eV is +0.55 eV/atom above the median of A; B lies higher as a whole, which is no fault."""
    made = merge({"a": dataset("A", [-8.0, -8.0, -6.9, -8.1, -8.2]), "b": dataset("B", [-2.0, -2.2])})
    assert made["removed"].get_dict() == {
        "outlier_threshold": 0.5,
        "removed": [
            {
                "group": "A",
                "source": "a/r0",
                "step": 2,
                "energy_per_atom": -3.45,
                "reason": "energy more than 0.5 eV/atom above the median of its composition",
            }
        ],
        "kept": 6,
    }
    images = made["images"].get_images()
    assert images.energies.tolist() == [-8.0, -8.0, -8.1, -8.2, -2.0, -2.2]
    assert images.steps.tolist() == [0, 1, 3, 4, 0, 1]


def test_what_was_left_out_before_is_recorded_with_the_dataset_it_was_for(aiida_profile_clean):
    entry = {"group": "A", "source": "r1", "step": 3, "reason": "the electronic steps did not converge"}
    made = merge_images(
        rule=orm.Dict({"outlier_threshold": 0.5}),
        datasets={"a": dataset("A", [-8.0]), "b": dataset("B", [-2.0])},
        left_out={"a": orm.List([entry]), "b": orm.List([])},
    )
    assert made["removed"]["removed"] == [{**entry, "source": "a/r1"}]
    assert made["removed"]["kept"] == 2


def test_the_threshold_counts_per_atom(aiida_profile_clean):
    """+1.1 eV on four atoms is +0.275 eV/atom: normal."""
    made = merge({"a": dataset("A", [-8.0, -8.0, -6.9], symbols=("Li", "F", "Li", "F"))})
    assert made["removed"]["removed"] == []


def test_low_energies_and_no_threshold_keep_everything(aiida_profile_clean):
    energies = [-8.0, -8.0, -30.0, -8.0]
    assert merge({"a": dataset("A", energies)})["removed"]["kept"] == 4
    assert merge({"a": dataset("A", [-8.0, -8.0, 90.0])}, threshold=None)["removed"]["kept"] == 3


@pytest.mark.parametrize(
    ("one", "other", "named"),
    [
        ("vasp 6.4.2", "standin chgnet-r2scan", "standin chgnet-r2scan, vasp"),
        ("standin emt", "standin chgnet-r2scan", "standin chgnet-r2scan, standin emt"),
    ],
)
def test_labels_of_different_engines_are_not_mixed(aiida_profile_clean, one, other, named):
    with pytest.raises(ImageError, match=f"cannot be mixed in one dataset: {named}$"):
        merge({"a": dataset("A", [-7.0], engine=one), "b": dataset("B", [-7.0], engine=other)})


def test_versions_of_vasp_may_be_mixed(aiida_profile_clean):
    made = merge({"a": dataset("A", [-7.0], engine="vasp 6.4.2"), "b": dataset("A", [-7.0], engine="vasp 6.3.0")})
    assert made["images"].engines == {"vasp 6.4.2": 1, "vasp 6.3.0": 1}
