from collections import Counter

import pytest

from aiida_hezsp.chemistry import space
from aiida_hezsp.errors import FamilyError


@pytest.fixture(scope="module")
def ladder(family):
    return space(family, "multinary")


def test_fifteen_of_each_type(family, ladder):
    assert Counter(composition.type for composition in ladder) == dict.fromkeys(family.types, 15)
    assert len(set(ladder)) == 270


@pytest.mark.parametrize("seed", [1, 2, 12345])
def test_every_dopant_about_equally_often(family, seed):
    uses = Counter(element for composition in space(family, "multinary", seed=seed) for element in composition.elements)
    assert uses.pop("Zr") == 270
    assert set(uses) == set(family.dopants)
    assert max(uses.values()) - min(uses.values()) <= 2


def test_inside_the_window_and_the_supercell(ladder):
    assert all(2.5 <= composition.x_li <= 4 for composition in ladder)
    assert all(composition.sites("supercell")["O"] == 96 for composition in ladder)


def test_seeded(family, ladder):
    assert space(family, "multinary") == ladder
    assert space(family, "multinary", seed=family.spaces["multinary"].seed) == ladder
    assert space(family, "multinary", seed=99) != ladder


def test_too_narrow_a_window(family):
    data = family.to_dict()
    data["spaces"]["multinary"]["window"] = ["27/10", "27/10"]
    with pytest.raises(FamilyError, match="no further composition of type 3-1"):
        space(type(family).from_dict(data), "multinary")
