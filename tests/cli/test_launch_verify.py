"""`launch verify`: family and models are those of the graph, unless options say otherwise."""

import dataclasses

import pytest
from aiida import orm
from click.testing import CliRunner

from aiida_hezsp.cli.launcher import Launch
from aiida_hezsp.cli.root import cmd_root
from aiida_hezsp.provenance import models


@pytest.fixture
def given(discovery, monkeypatch):
    """The inputs that a launch would go with, as a function of its options."""
    from aiida_hezsp.cli.environment import ensure_codes, ensure_computer

    ensure_codes(ensure_computer())
    kept = {}
    monkeypatch.setattr(Launch, "go", lambda _launch, _process, **inputs: kept.update(inputs))

    def launch(*options):
        words = ["launch", "verify", str(discovery.nodes.discover.pk), "--protocol", "demo", *options]
        result = CliRunner().invoke(cmd_root, words)
        assert result.exit_code == 0, result.output
        return kept

    return launch


def test_models_are_those_of_the_graph(discovery, best, given):
    inputs = given()
    assert inputs["best"].uuid == best.uuid
    assert inputs["relaxation_model"].uuid == discovery.nodes.first_finetune.outputs.model.uuid
    assert inputs["md_model"].uuid == discovery.nodes.second_finetune.outputs.model.uuid


def test_options_come_first(discovery, given):
    pretrained = discovery.nodes.pretrained.uuid
    inputs = given("--relaxation-model", pretrained, "--md-model", pretrained)
    assert [inputs[name].uuid for name in ("relaxation_model", "md_model")] == [pretrained, pretrained]


def test_the_family_is_that_of_the_predictions_unless_one_is_named(given, family, monkeypatch):
    node = orm.Dict(family.to_dict() | {"name": "another"})
    found = models.prediction_route
    monkeypatch.setattr(models, "prediction_route", lambda best: dataclasses.replace(found(best), family=node))
    assert given()["family"].uuid == node.uuid
    assert given("--family", "lzsp")["family"]["name"] == "lzsp"


def test_a_graph_that_does_not_say_asks_for_the_option(discovery, given, monkeypatch):
    found = models.prediction_route
    monkeypatch.setattr(models, "prediction_route", lambda best: dataclasses.replace(found(best), md_model=None))
    result = CliRunner().invoke(cmd_root, ["launch", "verify", str(discovery.nodes.discover.pk), "--protocol", "demo"])
    assert result.exit_code == 1
    assert "which model made the training targets: name one by --md-model" in result.stderr
    assert result.stderr.count("\n") == 1
