"""Names of features: what a family is told at load is what can be measured."""

import pytest

from aiida_hezsp.families.feature_names import CELL_FEATURES, dopants_needed, problem_with_feature
from aiida_hezsp.sfmsd import features


def test_features_of_the_cell_are_those_that_are_measured():
    assert set(CELL_FEATURES) == set(features._CELL)


def test_every_feature_of_the_shipped_family_is_known(family):
    for names in family.feature_sets.values():
        assert [problem_with_feature(family, name) for name in names] == [None] * len(names)


@pytest.mark.parametrize(
    "name", ["volumes", "csm_li", "csm_li_max", "bond_", "bond_dopant_x", "bond_dopant_0", "bond_dopant"]
)
def test_other_names_are_not(family, name):
    assert problem_with_feature(family, name) is not None


def test_number_of_dopants(family):
    assert dopants_needed(family.feature_sets["quaternary"]) == 3
    assert dopants_needed(family.feature_sets["multinary"]) is None
