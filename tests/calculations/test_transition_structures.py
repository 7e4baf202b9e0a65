"""Transition images: ions planted between the sites are counted, and the frames with most of them are taken."""

import numpy as np
import pytest
from aiida import orm

from aiida_hezsp.calculations.transition_structures import transition_structures
from aiida_hezsp.errors import ImageError

CELL = 12.0 * np.eye(3)
SITES = np.array([[0.0, 0.0, 0.0], [6.0, 6.0, 6.0]])
OXYGEN = [3.0, 3.0, 3.0]


@pytest.fixture
def structure(aiida_profile_clean):
    """Li, O, Li: the mobile ions are not neighbours in the list."""
    node = orm.StructureData(cell=CELL.tolist())
    for symbol, position in (("Li", SITES[0]), ("O", OXYGEN), ("Li", SITES[1])):
        node.append_atom(symbols=symbol, position=position)
    return node


def trajectory(*displacements):
    """Return full frames in which the two Li are displaced along x by these distances."""
    node = orm.ArrayData()
    frames = np.array([[SITES[0] + [a, 0, 0], OXYGEN, SITES[1] + [b, 0, 0]] for a, b in displacements])
    node.set_array("frames", frames.astype(np.float32))
    return node


def pick(structure, path, **rule):
    made = transition_structures(
        structure=structure, trajectory=path, rule=orm.Dict({"mobile": "Li", "cutoff": 2.5, "n_images": 2, **rule})
    )
    return made["structures"], made["counts"].get_dict()


# Sites of one Li row along x repeat every 12 A; a Li more than 2.5 A from all sites is in transition.
PATH = [(0.0, 0.0), (2.4, 0.0), (2.6, 0.0), (6.0, -3.0), (3.0, 11.0), (12.5, -12.0)]
#        rest        inside      one         two          one          hopped and back: none


def test_the_frames_with_most_ions_in_transition_are_taken_and_ties_lie_late(structure):
    structures, counts = pick(structure, trajectory(*PATH))
    assert counts == {"in_transition": {"f3": 2, "f4": 1}, "n_frames": 6}
    assert set(structures) == {"f3", "f4"}


def test_the_structures_are_the_frames(structure):
    structures, _ = pick(structure, trajectory(*PATH), n_images=1)
    (chosen,) = structures.values()
    assert [site.kind_name for site in chosen.sites] == ["Li", "O", "Li"]
    np.testing.assert_allclose([site.position for site in chosen.sites], [[6, 0, 0], OXYGEN, [3, 6, 6]], atol=1e-6)
    np.testing.assert_array_equal(chosen.cell, CELL)


def test_the_cutoff_and_the_mobile_element_are_settings(structure):
    near, far = (pick(structure, trajectory(*PATH[:4]), cutoff=cutoff, n_images=3)[1] for cutoff in (2.0, 2.5))
    assert near["in_transition"] == {"f1": 1, "f2": 1, "f3": 2}
    assert {name: count for name, count in far["in_transition"].items() if count} == {"f2": 1, "f3": 2}
    assert pick(structure, trajectory(*PATH), mobile="O")[1]["in_transition"] == {"f2": 0, "f5": 0}


def test_fewer_frames_than_asked_for_are_all_taken(structure):
    structures, counts = pick(structure, trajectory(*PATH[:3]), n_images=10)
    assert set(structures) == {"f0", "f1", "f2"}
    assert counts["in_transition"] == {"f0": 0, "f1": 0, "f2": 1}


def test_a_trajectory_without_full_frames_is_refused(structure):
    bare = orm.ArrayData()
    bare.set_array("positions", np.zeros((3, 2, 3)))
    with pytest.raises(ImageError, match="run the MD with `frames_every`"):
        pick(structure, bare)
