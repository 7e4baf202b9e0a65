"""Errors of models on the command line."""

import json

import pytest
from click.testing import CliRunner
from many_predictions import features_of, target_of

from aiida_hezsp.cli.root import cmd_root
from aiida_hezsp.data import SfmsdModelData
from aiida_hezsp.sfmsd import SissoSearch, SplitStep, TrainSettings, feature_definitions, save_model, train


def run(*arguments):
    return CliRunner().invoke(cmd_root, ["models", *arguments], env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def trained(family, tmp_path_factory):
    """A SISSO model with a named test set, and its files."""
    from aiida_hezsp.chemistry import draw, space

    rows = [
        {"label": c.label, "features": (row := features_of(c)), "target": target_of(row), "target_error": 5.0}
        for c in draw(space(family, "multinary"), 60, 1)
    ]
    table = {"feature_set": "multinary", "columns": feature_definitions(family, "multinary"), "rows": rows}
    splits = (SplitStep(by="chance", keep=0.8, rest="test_mine"),)
    search = SissoSearch(dimension=(1,), complexity=(0, 1))
    model = train(table, TrainSettings(kind="SISSO", cv=3, splits=splits, sisso=search))
    path = tmp_path_factory.mktemp("models") / "SISSO.sisso"
    save_model(model, path)
    return model, path


@pytest.fixture
def node(aiida_profile_clean, trained):
    made = SfmsdModelData(trained[1], trained[1].with_suffix(".json"))
    made.label_engines = ["standin emt"]
    return made.store()


def test_table_has_every_set_beside_its_noise_floor(node, trained):
    result = run()
    assert result.exit_code == 0, result.output
    rows = [line.removesuffix(" %").split() for line in map(str.strip, result.output.splitlines())]
    lines = {row[-8]: row[-7:] for row in rows if len(row) > 7}
    errors = trained[0].metrics["test_mine"]
    expected = [str(errors.n), *(f"{value:.3g}" for value in (errors.rmse, errors.mae, errors.max_ae, errors.r2)), "5"]
    expected.append(f"{100 * trained[0].description.held['test_mine']:.0f}")
    assert lines["test_mine"] == expected
    assert lines["cross-validated"][0] == "48"
    assert f"SISSO {node.pk}: MSD / A^2 = {trained[0].description.formula}" in result.output
    assert "no VASP ran" in result.output


def test_json_of_one(node, trained):
    (found,) = json.loads(run("SISSO", "--json").output)
    assert (found["pk"], found["kind"], found["variant"]) == (node.pk, "SISSO", None)
    assert found["errors"]["test_mine"]["rmse"] == pytest.approx(trained[0].metrics["test_mine"].rmse)
    assert found["errors"]["test_mine"]["noise_floor"] == 5.0
    assert found["errors"]["test_mine"]["held"] == trained[0].description.held["test_mine"]
    assert [step["rest"] for step in found["splits"]] == ["test_mine"]
    assert len(found["removed"]) == found["errors"]["test_mine"]["n"] == 12


def test_no_models(aiida_profile_clean):
    result = run()
    assert result.exit_code == 1
    assert "this profile has no SF-MSD model" in result.output
    assert run("GB").exit_code == 1
