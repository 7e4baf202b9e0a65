from collections import Counter

import pytest

from aiida_hezsp.chemistry import draw, space
from aiida_hezsp.errors import CompositionError, FamilyError


@pytest.mark.parametrize(
    ("name", "count", "contents"),
    [
        ("training", 23, {2.5, 3, 3.5, 4}),
        ("quaternary", 735, {2.5, 3, 3.5}),
        ("quinary", 4575, {2.625, 3, 3.375, 3.75}),
    ],
)
def test_published_counts(family, name, count, contents):
    compositions = space(family, name)
    assert len(compositions) == len(set(compositions)) == count
    assert {composition.x_li for composition in compositions} == contents
    assert len({composition.label for composition in compositions}) == count


def test_training_compositions_by_charge(family):
    formulas = {composition.formula for composition in space(family, "training")}
    assert {"Li4Zr1.5Mg0.5Si2PO12", "Li3.5Zr1.5La0.5Si2PO12", "Li3Hf2Si2PO12", "Li2.5Zr1.5Bi0.5Si2PO12"} <= formulas
    assert all(composition.sites("primitive") for composition in space(family, "training"))


@pytest.mark.parametrize(("name", "label"), [("quaternary", "4-1"), ("quinary", "5-1")])
def test_all_of_one_type(family, name, label):
    assert {composition.type for composition in space(family, name)} == {label}


def test_quinary_narrow_window_gives_the_papers_other_count(family):
    """2.5 to 3.5 instead of 4 would give 2,865 (SCIENCE, section 3)."""
    assert sum(composition.x_li <= 3.5 for composition in space(family, "quinary")) == 2865


def test_unequal_proportions_are_all_arranged(family):
    """4-2 is (5, 4, 4, 3): each set of three dopants has three arrangements."""
    changed = family.to_dict()
    changed["spaces"]["x"] = {"kind": "type", "type": "4-2", "title": "x", "window": [3, 3]}
    compositions = space(type(family).from_dict(changed), "x")
    of_four = [c for c in compositions if set(c.elements) == {"Zr", "Hf", "Ti", "Ge"}]
    assert len(of_four) == len(set(of_four)) == 3
    assert {c.type for c in compositions} == {"4-2"}


def test_unknown_space(family):
    with pytest.raises(FamilyError, match="no space 'octonary'; it has training, quaternary"):
        space(family, "octonary")


def test_draw_is_seeded_without_replacement_and_independent_of_order(family):
    compositions = space(family, "quaternary")
    drawn = draw(compositions, 200, seed=3)
    assert len(set(drawn)) == 200
    assert drawn == draw(compositions[::-1], 200, seed=3)
    assert drawn != draw(compositions, 200, seed=4)
    assert Counter(draw(compositions, 735, seed=1)) == Counter(compositions)


def test_draw_too_many(family):
    with pytest.raises(CompositionError, match="cannot draw 24 of 23"):
        draw(space(family, "training"), 24, seed=1)
