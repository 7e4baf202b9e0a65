"""Predicting what nobody computed: through real processes on 40-atom cells, as the graph's model was trained."""

import json
from types import SimpleNamespace

import pytest
from aiida import orm
from click.testing import CliRunner

from aiida_hezsp.chemistry import parse_formula
from aiida_hezsp.cli.root import cmd_root
from aiida_hezsp.errors import PredictionError

NEW = "Li3Zr0.5Hf0.5Al0.5Nb0.5Si2PO12"


def run(command, *arguments):
    return CliRunner().invoke(cmd_root, [command, *map(str, arguments)], env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def ready(many):
    """The graph with a computer and codes that can run; nobody predicted `NEW`."""
    from aiida_hezsp.cli.environment import ensure_codes

    computer = orm.load_computer("localhost")
    if not computer.is_configured:
        computer.configure(safe_interval=0.0, use_login_shell=False)
    computer.set_minimum_job_poll_interval(0.5)
    ensure_codes(computer)
    assert run("show", NEW).exit_code == 1
    return many


def counted():
    return orm.QueryBuilder().append(orm.Node).count()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Li3Zr0.5Hf0.5Sn0.5Xx0.5Si2PO12"], "unknown element 'Xx'"),
        (["Li5Zr0.5Hf0.5Sn0.5Ti0.5Si2PO12"], "the charge is not balanced"),
        (["Li4.5Zr0.5Mg1.0Zn0.5Si2PO12"], "outside the 0 to 4 that the Li sites of lzsp hold"),
        (["Li3Zr1.9Hf0.1Si2PO12"], "does not fit the primitive"),
        ([NEW, "--model", "SISSO"], "no SF-MSD model has the label or the kind"),
        ([NEW, "--relaxation-model", "9.9.9"], "was not found"),
        ([NEW, "--set", "relax.colour=1"], "does not exist"),
    ],
)
def test_wrong_use_makes_nothing(ready, arguments, message):
    before = counted()
    result = run("predict", *arguments)
    assert result.exit_code == 1
    assert message in result.output
    assert counted() == before


def test_dry_run_makes_nothing(ready):
    before = counted()
    stages = json.loads(run("predict", NEW, "--decorations", 3, "--dry-run", "--json").output)
    assert [stage["structures"] for stage in stages] == [3, 3]
    assert counted() == before


def test_warns_outside_the_training_set(ready):
    result = run("predict", "Li3Zr2Si2PO12", "--dry-run")
    assert result.exit_code == 0
    assert "warning: Li3Zr2Si2PO12 lies outside the training set: s_config 0 (trained on" in result.output


@pytest.mark.parametrize(
    ("formula", "given"), [("Li3Zr1Hf0.5Ti0.5Si2PO12", 2), ("Li3Zr0.5Hf0.5Ti0.5Sn0.25Ge0.25Si2PO12", 4)]
)
def test_a_model_for_three_dopants_is_asked_for_no_other_number(family, formula, given):
    from aiida_hezsp.cli.predict import _check_dopants

    model = SimpleNamespace(features=family.feature_sets["quaternary"], feature_set="quaternary", kind="GB", pk=7)
    with pytest.raises(PredictionError, match=rf"GB<7> is for 3 dopants \(feature set quaternary\); .* has {given}$"):
        _check_dopants(parse_formula(family, formula), model)
    _check_dopants(parse_formula(family, NEW), model)
    model.features = family.feature_sets["multinary"]
    _check_dopants(parse_formula(family, formula), model)


def test_result_is_in_graph_and_search_at_once(ready):
    settings = ("relax.fmax=0.05", "relax.max_steps=2", "jobs.workers=1")
    options = [part for setting in settings for part in ("--set", setting)]
    result = run("predict", NEW, "--decorations", 2, "--protocol", "demo", "--json", *options)
    assert result.exit_code == 0, result.output
    content = json.loads(result.stdout)
    assert len(content["predictions"]) == 2
    assert content["failed"] == {}
    (summary,) = content["spread"].values()
    assert summary["n"] == 2
    found = json.loads(run("search", "--formula", NEW, "--json").output)
    assert {row["uuid"] for row in found["predictions"]} == {row["uuid"] for row in content["predictions"]}
    record = json.loads(run("show", content["predictions"][0]["pk"], "--json").output)
    assert record["decorations"]["n"] == 2
    assert record["structure"]["n_atoms"] == 40
    trace = json.loads(run("trace", content["predictions"][0]["pk"], "--json").output)
    assert sum(trace["labels"]["engines"].values()) == 8
    node = orm.load_node(content["uuid"])
    assert node.inputs.relaxation_model.uuid == ready.discovery.nodes.relaxation_model.uuid
    assert node.inputs.sfmsd_model.uuid == ready.models["GB"].uuid
