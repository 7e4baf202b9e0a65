"""The 10 + 40 rule over the joined runs of one relaxation."""

import numpy as np
import pytest
from aiida import orm
from vasp_run import plain_trajectory, retrieved_files

from aiida_hezsp.calculations.relaxation_images import relaxation_images


def select(*lengths, head=10, tail=40, seed=1):
    """Select from runs of these lengths; returns the images and where each stands in the joined path."""
    inputs = {
        "trajectories": {f"r{number}": plain_trajectory(n) for number, n in enumerate(lengths)},
        "retrieved": {f"r{number}": retrieved_files() for number in range(len(lengths))},
    }
    rule = orm.Dict({"head": head, "tail": tail, "seed": seed})
    images = relaxation_images(group=orm.Str("LiF"), rule=rule, **inputs)["images"].get_images()
    starts = dict(zip(inputs["trajectories"], np.cumsum([0, *lengths[:-1]]), strict=True))
    return images, [int(starts[source] + step) for source, step in zip(images.sources, images.steps, strict=True)]


def test_ten_first_and_forty_of_the_later_of_a_relaxation_restarted_twice(aiida_profile_clean):
    images, path = select(7, 60, 30)
    assert len(path) == 50
    assert path[:10] == list(range(10))  # seven of the first run, three of the second
    assert path[10:] == sorted(set(path[10:]))
    assert min(path[10:]) >= 10
    assert max(path[10:]) < 97
    assert {"r1", "r2"} == set(images.sources[10:].tolist())
    assert set(images.groups) == {"LiF"}
    # an energy tells its step: -7 eV minus 1 meV a step
    np.testing.assert_allclose(images.energies, -7.0 - 0.001 * images.steps)


def test_the_draw_depends_on_the_seed_alone(aiida_profile_clean):
    whole = select(97)[1]
    assert select(7, 60, 30)[1] == whole
    assert select(97, seed=2)[1] != whole


@pytest.mark.parametrize("lengths", [(1,), (4, 3), (50,)])
def test_a_short_path_is_kept_whole(aiida_profile_clean, lengths):
    assert select(*lengths)[1] == list(range(sum(lengths)))


def test_runs_beyond_the_tenth_keep_their_place(aiida_profile_clean):
    lengths = (2,) * 12
    images, path = select(*lengths)
    assert path == list(range(24))
    assert images.sources[-2:].tolist() == ["r11", "r11"]


def test_a_run_without_forces_gives_no_images_and_is_named(aiida_profile_clean):
    broken = plain_trajectory(2)
    broken.delete_array("forces")
    made = relaxation_images(
        group=orm.Str("LiF"),
        rule=orm.Dict({"head": 1, "tail": 1, "seed": 1}),
        trajectories={"r0": broken},
        retrieved={"r0": retrieved_files()},
    )
    assert set(made) == {"left_out"}
    assert made["left_out"].get_list() == [
        {"group": "LiF", "source": "r0", "step": None, "reason": "run 'r0' of LiF: the trajectory lacks forces"}
    ]


def test_a_killed_run_and_the_one_that_continued_it_are_one_path(localhost):
    """The first images, of high energy, are those of the killed run."""
    from standin_files import shaken_aluminium, standin_run

    relax = {"NSW": 9, "IBRION": 2, "ISIF": 3, "EDIFFG": -1e-6, "ISPIN": 1}
    killed = standin_run(localhost, shaken_aluminium(), options={"end": "die", "die_after": 4}, **relax)
    last = standin_run(localhost, shaken_aluminium(seed=2), **relax)
    made = relaxation_images(
        group=orm.Str("Al"),
        rule=orm.Dict({"head": 6, "tail": 2, "seed": 1}),
        trajectories={"r1": last.trajectory},
        retrieved={"r0": killed.retrieved, "r1": last.retrieved},
    )
    images = made["images"].get_images()
    assert images.sources.tolist()[:6] == ["r0"] * 4 + ["r1"] * 2
    assert images.steps.tolist()[:6] == [0, 1, 2, 3, 0, 1]
    assert len(images) == 8
