"""Single points become one dataset; each image belongs to the composition it was made for."""

import pytest
from aiida import orm
from vasp_run import plain_trajectory, retrieved_files

from aiida_hezsp.calculations.single_point_images import single_point_images


def test_images_carry_key_and_composition(aiida_profile_clean):
    groups = {"A_f7": "A", "A_f10": "A", "B_f3": "B"}
    energies = {"A_f7": -7.0, "A_f10": -8.0, "B_f3": -9.0}
    made = single_point_images(
        groups=orm.Dict(groups),
        trajectories={key: plain_trajectory(1, energy=energies[key]) for key in groups},
        retrieved={key: retrieved_files() for key in groups},
    )["images"]
    images = made.get_images()
    found = {
        str(source): (str(group), float(energy))
        for source, group, energy in zip(images.sources, images.groups, images.energies, strict=True)
    }
    assert found == {key: (groups[key], energies[key]) for key in groups}
    assert made.groups == {"A": 2, "B": 1}
    assert made.engines == {"vasp 6.4.2": 3}


def test_a_key_without_composition_is_an_error(aiida_profile_clean):
    with pytest.raises(KeyError, match="f1"):
        single_point_images(
            groups=orm.Dict({"f0": "A"}),
            trajectories={"f1": plain_trajectory(1)},
            retrieved={"f1": retrieved_files()},
        )
