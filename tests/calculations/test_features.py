"""Features of a batch: the science floor's numbers, failures kept apart with their reason."""

import pytest
from aiida import orm

from aiida_hezsp.calculations.features import features
from aiida_hezsp.calculations.make_configurations import make_configurations
from aiida_hezsp.chemistry import parse_formula
from aiida_hezsp.errors import FamilyError
from aiida_hezsp.sfmsd import extract_features, feature_definitions

FORMULAS = ["Li3Zr2Si2PO12", "Li3Zr0.5Hf0.5Al0.5Nb0.5Si2PO12"]
HOST, QUATERNARY = "Li3Zr2Si2PO12", "Li3Zr0p5Al0p5Hf0p5Nb0p5Si2PO12"


@pytest.fixture
def configurations(aiida_profile_clean, family):
    return make_configurations(
        family=orm.Dict(family.to_dict()), formulas=orm.List(FORMULAS), cell=orm.Str("primitive"), seed=orm.Int(1)
    )


def extract(family, configurations, structures, feature_set="multinary"):
    return features(
        family=orm.Dict(family.to_dict()),
        compositions=configurations["compositions"],
        parameters=orm.Dict({"feature_set": feature_set}),
        structures=structures,
    ).get_dict()


def test_rows_are_the_science_floors_and_keyed_by_label(family, configurations):
    table = extract(family, configurations, configurations["structures"])
    assert set(table["rows"]) == {HOST, QUATERNARY}
    assert table["columns"] == feature_definitions(family, "multinary")
    assert (table["feature_set"], table["failed"]) == ("multinary", {})
    composition = parse_formula(family, FORMULAS[1])
    expected = extract_features(configurations["structures"][QUATERNARY].get_pymatgen(), composition, family)
    assert table["rows"][QUATERNARY] == pytest.approx(expected, rel=1e-10)
    assert table["rows"][QUATERNARY]["x_li"] == 3.0
    assert table["rows"][QUATERNARY]["s_config"] == pytest.approx(1.386, abs=1e-3)


def test_a_structure_that_cannot_be_measured_does_not_fail_its_neighbours(family, configurations):
    """The host under the quaternary's label has the wrong atoms; it is named, the other one has its row."""
    host = configurations["structures"][HOST]
    table = extract(family, configurations, {HOST: host, QUATERNARY: host})
    assert set(table["rows"]) == {HOST}
    assert set(table["failed"]) == {QUATERNARY}
    assert "Al" in table["failed"][QUATERNARY]
    assert "\n" not in table["failed"][QUATERNARY]


def test_a_set_that_not_every_composition_has_names_those_without(family, configurations):
    """The quaternary set has three dopant columns, the host no dopant."""
    table = extract(family, configurations, configurations["structures"], "quaternary")
    assert set(table["rows"]) == {QUATERNARY}
    assert len(table["rows"][QUATERNARY]) == 17
    assert "has 0 dopants" in table["failed"][HOST]


def test_an_unknown_set_is_an_error_of_the_whole_batch(family, configurations):
    with pytest.raises(FamilyError, match="unknown feature set 'senary', known are multinary, quaternary"):
        extract(family, configurations, configurations["structures"], "senary")


def test_features_say_what_labelled_the_images_behind_the_relaxation_model(family, configurations):
    given = {
        "family": orm.Dict(family.to_dict()),
        "compositions": configurations["compositions"],
        "parameters": orm.Dict({"feature_set": "multinary"}),
        "structures": configurations["structures"],
    }
    runs = {
        key: orm.Dict({"model": {"label_engines": [name]}}) for key, name in {"b1": "vasp", "b0": "standin emt"}.items()
    }
    assert features(**given, relaxations=runs)["label_engines"] == ["standin emt", "vasp"]
    assert features(**given)["label_engines"] == []
