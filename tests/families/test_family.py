import json
from collections import Counter

import pytest

from aiida_hezsp.errors import FamilyError
from aiida_hezsp.families import Family


def test_round_trip_through_json(family):
    text = json.dumps(family.to_dict(), allow_nan=False)
    assert Family.from_dict(json.loads(text)) == family


def test_order_of_keys_does_not_matter(family):
    """PostgreSQL's JSONB does not keep it."""
    again = Family.from_dict(json.loads(json.dumps(family.to_dict(), sort_keys=True)))
    assert list(again.dopants) == list(family.dopants)
    assert list(again.fixed) == list(family.fixed) == ["Si", "P", "O"]
    assert list(again.types) == list(family.types)


def test_dopants_by_charge_then_atomic_number(family):
    assert list(family.dopants) == (
        "Mg Ca Co Ni Zn Al Sc Fe Ga Y In La Gd Ti Ge Sn Ce Hf V Nb Sb Ta Bi".split()  # noqa: SIM905
    )
    assert Counter(family.dopants.values()) == {2: 5, 3: 8, 4: 5, 5: 5}


def test_sites_of_the_cells(family):
    assert family.host_mobile == 3
    assert family.mobile_range == (0, 4)
    assert family.substituted_sites("primitive") == 4
    assert family.substituted_sites("supercell") == 16
    primitive, supercell = family.template("primitive"), family.template("supercell")
    assert Counter(primitive.site_properties["site"]) == {"mobile": 8, "substituted": 4, "framework": 30}
    assert Counter(supercell.site_properties["site"]) == {"mobile": 32, "substituted": 16, "framework": 120}
    assert supercell.volume == pytest.approx(4 * primitive.volume)
    assert supercell.composition["Li"] == 32


def test_eighteen_types(family):
    assert len(family.types) == 18
    assert all(sum(counts) == 16 and len(counts) == int(label[0]) for label, counts in family.types.items())


def test_rules_for_features(family):
    assert {name: (rule.centre, rule.ligand, rule.ideal) for name, rule in family.polyhedra.items()} == {
        "Li": ("mobile", "O", "O:6"),
        "M": ("substituted", "O", "O:6"),
        "Si": ("Si", "O", "T:4"),
        "P": ("P", "O", "T:4"),
    }
    assert len(family.feature_sets["multinary"]) == 16
    assert len(family.feature_sets["quaternary"]) == 17


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (("formula",), "Li4Zr2Si2PO12", "charges contradict"),
        (("formula",), "Li3Zr2Si3PO12", "3 Si, the sections add up to 2"),
        (("mobile", "sites_per_cell"), 5, "sites for 0 to 2.5"),
        (("mobile", "charge"), 2, "charges contradict"),
        (("mobile", "element"), "Xx", "unknown element 'Xx'"),
        (("fixed", "P", "charge"), 4, "they balance with 4 Li"),
        (("dopants", "Si"), 4, "Si has two of the roles"),
        (("dopants", "Qq"), 4, "unknown element 'Qq'"),
        (("dopants", "Mg"), -2, "a dopant is a cation"),
        (("types", "3-1"), [6, 5, 4], "type 3-1"),
        (("spaces", "quinary", "type"), "9-1", "no type '9-1'"),
        (("spaces", "quinary", "window"), [4, 3], "above its upper end"),
        (("spaces", "quinary", "window"), [2.5, 5], "leaves the range 0 to 4"),
        (("spaces", "training", "fractions"), {"2": "1/4"}, "lack the dopant charge 3"),
        (("spaces", "quinary", "kind"), "nonsense", "spaces.quinary"),
        (("polyhedra", "M", "centre"), "Q", "centre 'Q' is none of"),
        (("polyhedra", "M", "neighbours"), 5, "O:6 has 6 corners"),
        (("polyhedra", "M", "ligand"), "N", "ligand 'N' is not"),
        (("supercell",), [[1, 0, 0], [1, 0, 0], [0, 0, 1]], "singular"),
        (("feature_sets", "quaternary"), ["volume", "colour"], "feature set quaternary: unknown feature 'colour'"),
        (("feature_sets", "quaternary"), ["csm_q_mean"], "'csm_q_mean' names no polyhedron of the family"),
        (("feature_sets", "quaternary"), ["bond_na"], "'bond_na' names no element of the host"),
        (("polyhedra", "M", "centre"), "Si", "'bond_li' needs a polyhedron around the substituted site"),
        (("surprise",), 1, "surprise: Extra inputs"),
        (("formula_units",), 3, "sites for 0 to 2.66667"),
    ],
)
def test_contradictions_are_named(family, where, value, message):
    data = family.to_dict()
    place = data
    for key in where[:-1]:
        place = place[key]
    place[where[-1]] = value
    with pytest.raises(FamilyError, match=message) as caught:
        Family.from_dict(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["name", "mobile", "dopants", "structures", "polyhedra"])
def test_missing_keys_are_named(family, key):
    data = family.to_dict()
    del data[key]
    with pytest.raises(FamilyError, match=f"{key}: Field required"):
        Family.from_dict(data)
