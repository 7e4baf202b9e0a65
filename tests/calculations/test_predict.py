"""Predictions: the model's own numbers, explained, and one node for each composition."""

import numpy as np
import pytest
from aiida import orm
from aiida.common import LinkType

from aiida_hezsp.calculations.predict import predict
from aiida_hezsp.data import SfmsdModelData
from aiida_hezsp.sfmsd import SissoSearch, save_model, train
from aiida_hezsp.sfmsd.training import TrainSettings

INSIDE, OUTSIDE = {"x": 0.5, "y": 0.25}, {"x": 0.5, "y": 7.0}


@pytest.fixture(scope="module")
def trained():
    """A model of a planted law: 20 + 100 x, with a second feature that does nothing."""
    values = np.random.default_rng(4).random((30, 2))
    rows = [
        {"label": f"r{n}", "features": {"x": x, "y": y}, "target": 20 + 100 * x, "split": "train"}
        for n, (x, y) in enumerate(values.tolist())
    ]
    columns = [{"name": name, "unit": "1", "definition": name} for name in ("x", "y")]
    table = {"feature_set": "multinary", "columns": columns, "target": {"name": "msd", "unit": "A^2"}, "rows": rows}
    few = {"GB": {"fixed": {}, "search": {"n_estimators": {"integers": [40, 60]}}}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aiida_hezsp.sfmsd.models._search_spaces", lambda: few)
        return train(table, TrainSettings(kind="GB", search_iterations=1, cv=3, coverage=0.8))


@pytest.fixture
def model(aiida_profile_clean, trained, tmp_path):
    save_model(trained, tmp_path / "GB.skops")
    node = SfmsdModelData(tmp_path / "GB.skops", tmp_path / "GB.json")
    node.label_engines = ["standin emt"]
    return node.store()


@pytest.fixture
def inputs(model, lithium_fluoride):
    known = {"formula": "LiF", "family": "none", "label": "LiF", "elements": ["Li"], "x_li": 1.0, "s_config": 0.0}
    table = {"feature_set": "multinary", "rows": {"LiF": INSIDE, "far": OUTSIDE}, "failed": {}}
    return {
        "structure": lithium_fluoride,
        "compositions": orm.Dict({"LiF": known, "far": {**known, "label": "far"}}),
        "features": orm.Dict(table),
        "model": model,
    }


def test_the_prediction_is_the_models(inputs, trained):
    prediction = predict(label=orm.Str("LiF"), **inputs).get_dict()
    low, high = trained.intervals([INSIDE])
    assert prediction["msd"] == pytest.approx(trained.predict([INSIDE])[0], rel=1e-10)
    assert prediction["msd"] == pytest.approx(70, abs=10)  # the law at x = 0.5
    assert prediction["msd_low"] == pytest.approx(low[0], rel=1e-10)
    assert prediction["msd_high"] == pytest.approx(high[0], rel=1e-10)
    assert prediction["msd_low"] <= prediction["msd"] <= prediction["msd_high"]
    assert prediction["coverage"] == 0.8


def test_the_explanation_adds_up_to_the_prediction(inputs):
    prediction = predict(label=orm.Str("LiF"), **inputs).get_dict()
    assert set(prediction["shap"]) == {"x", "y"}
    assert prediction["shap_base"] + sum(prediction["shap"].values()) == pytest.approx(prediction["msd"], abs=1e-6)


def test_it_says_what_it_rests_on_and_where_it_should_not_be_trusted(inputs):
    inside, outside = (predict(label=orm.Str(label), **inputs).get_dict() for label in ("LiF", "far"))
    assert inside["outside_domain"] == []
    assert outside["outside_domain"] == ["y"]
    assert (inside["defined"], outside["defined"]) == (True, True)
    assert inside["distance"] < 1.5 < outside["distance"]
    assert outside["msd_high"] - outside["msd"] > inside["msd_high"] - inside["msd"]  # wider far from training
    for key, value in {"label_engines": ["standin emt"], "model_kind": "GB", "feature_set": "multinary"}.items():
        assert inside[key] == value
    assert (inside["formula"], inside["x_li"], inside["features"]) == ("LiF", 1.0, INSIDE)
    assert inside["volume"] == pytest.approx(16.0)  # |a . (b x c)| of the fcc vectors of edge 4
    assert inside["n_atoms"] == 2


def test_it_is_linked_to_structure_features_and_model(inputs):
    prediction = predict(label=orm.Str("LiF"), **inputs)
    assert prediction.is_stored
    links = {
        link.link_label: link.node.uuid
        for link in prediction.creator.base.links.get_incoming(link_type=LinkType.INPUT_CALC)
    }
    assert {name: links[name] for name in inputs} == {name: node.uuid for name, node in inputs.items()}


def test_a_label_without_features_is_an_error(inputs):
    with pytest.raises(KeyError, match="nowhere"):
        predict(label=orm.Str("nowhere"), **inputs)


@pytest.fixture
def logarithm(aiida_profile_clean, tmp_path):
    """A SISSO model of the planted law 20 + 10 log(x)."""
    values = np.random.default_rng(4).uniform(0.5, 2.0, size=(30, 2))
    rows = [
        {"label": f"r{n}", "features": {"x": x, "y": y}, "target": 20 + 10 * np.log(x), "split": "train"}
        for n, (x, y) in enumerate(values.tolist())
    ]
    columns = [{"name": name, "unit": "1", "definition": name} for name in ("x", "y")]
    table = {"feature_set": "multinary", "columns": columns, "rows": rows}
    made = train(table, TrainSettings(kind="SISSO", cv=3, sisso=SissoSearch(dimension=(1,), complexity=(1,))))
    save_model(made, tmp_path / "SISSO.sisso")
    return SfmsdModelData(tmp_path / "SISSO.sisso", tmp_path / "SISSO.json").store()


def test_a_sisso_prediction_is_its_formula_and_says_where_that_has_no_value(inputs, logarithm):
    inputs["model"] = logarithm
    rows = {"LiF": {"x": 1.0, "y": 1.0}, "far": {"x": -1.0, "y": 1.0}}
    inputs["features"] = orm.Dict({"feature_set": "multinary", "rows": rows})
    inside, outside = (predict(label=orm.Str(label), **inputs).get_dict() for label in ("LiF", "far"))
    assert inside["msd"] == pytest.approx(20.0)
    assert inside["shap"]["y"] == 0.0
    assert inside["shap_base"] + inside["shap"]["x"] == pytest.approx(20.0)
    assert (inside["defined"], inside["model_kind"], inside["outside_domain"]) == (True, "SISSO", [])
    assert (outside["defined"], outside["outside_domain"]) == (False, ["x"])
    assert outside["msd"] == pytest.approx(outside["shap_base"])
    assert set(outside["shap"].values()) == {0.0}


def test_engines_behind_the_relaxation_model_reach_the_prediction(inputs):
    assert predict(label=orm.Str("LiF"), **inputs)["label_engines"] == ["standin emt"]
    table = orm.Dict({**inputs["features"].get_dict(), "label_engines": ["standin chgnet-r2scan"]})
    prediction = predict(label=orm.Str("LiF"), **{**inputs, "features": table})
    assert prediction["label_engines"] == ["standin chgnet-r2scan", "standin emt"]
