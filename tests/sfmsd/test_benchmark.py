import json

import pytest
from click.testing import CliRunner

from aiida_hezsp.chemistry import parse_formula
from aiida_hezsp.cli import cmd_root
from aiida_hezsp.sfmsd.benchmark import benchmark_features, relaxed_cell


@pytest.fixture(scope="module")
def report(family):
    composition = parse_formula(family, "Li3Zr0.5Hf0.5Sn0.5Ti0.5Si2PO12")
    structure = relaxed_cell(family, composition, "primitive")
    return benchmark_features(structure, composition, family, feature_set="quaternary", rounds=2)


def test_csm_is_that_of_chemenv_on_the_same_sites(report):
    assert report.n_polyhedra == 10  # 4 M, 4 Si, 2 P
    assert report.csm_deviation < 1e-10


def test_times_are_of_what_they_say(report):
    assert 0 < report.csm_s < report.features_s  # the features hold Li and bond lengths, too
    assert report.ratio == pytest.approx(report.chemenv_s / report.csm_s)
    assert report.ratio > 1


def test_command_prints_the_document():
    result = CliRunner().invoke(cmd_root, ["benchmark", "features", "--atoms", "40", "--rounds", "1", "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["n_atoms"] == 40
    assert document["feature_set"] == "multinary"
    assert document["csm_deviation"] < 1e-10


def test_unknown_set_is_one_line():
    result = CliRunner().invoke(cmd_root, ["benchmark", "features", "--atoms", "40", "--feature-set", "all"])
    assert result.exit_code == 1
    assert "unknown feature set 'all', known are multinary, quaternary" in result.output
