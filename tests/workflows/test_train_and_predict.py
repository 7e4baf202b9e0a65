"""Training by the engine and prediction, all kinds, on a table as large as the paper's with the paper's splits."""

import pytest
from aiida import orm
from aiida.engine import run_get_node
from many_predictions import features_of, relaxed_attributes, target_of

from aiida_hezsp.calculations.predict import predict
from aiida_hezsp.calculations.sfmsd_train import SfmsdTrainCalculation
from aiida_hezsp.chemistry import draw, space
from aiida_hezsp.sfmsd import feature_definitions
from aiida_hezsp.workflows.protocol import load_protocol

KINDS = ("GB", "RF", "SISSO")


def table_of(family):
    """200 quaternary compositions and the 270 of the ladder; features and targets follow from ionic radii."""
    sets = {"quaternary": draw(space(family, "quaternary"), 200, 1), "multinary": space(family, "multinary")}
    rows = [
        {
            "label": composition.label,
            "dataset": name,
            "features": (features := features_of(composition)),
            "target": target_of(features),
            "target_error": 0.12 * target_of(features),
            "split": "train",
        }
        for name, compositions in sets.items()
        for composition in compositions
    ]
    columns = feature_definitions(family, "multinary")
    target = {"name": "msd", "unit": "A^2"}
    return {"feature_set": "multinary", "columns": columns, "target": target, "rows": rows, "label_engines": ["vasp"]}


@pytest.fixture
def trained(codes, family):
    settings = load_protocol("paper")["sfmsd"]["training"]
    small = {"search_iterations": 2, "cv": 2, "sisso": {**settings["sisso"], "dimension": [1, 2], "complexity": [1, 2]}}
    builder = SfmsdTrainCalculation.get_builder()
    builder.code = codes["hezsp-engine"]
    builder.table = orm.Dict(table_of(family))
    builder.parameters = orm.Dict({**settings, **small, "threads": 1})
    outputs, node = run_get_node(builder)
    assert node.is_finished_ok, node.exit_message
    return outputs


def predictions_of(trained, composition, features):
    relaxed = orm.StructureData()
    relaxed.base.attributes.set_many(relaxed_attributes(composition, features))
    inputs = {
        "label": orm.Str(composition.label),
        "structure": relaxed.store(),
        "compositions": orm.Dict({composition.label: composition.as_dict()}),
        "features": orm.Dict({"feature_set": "multinary", "rows": {composition.label: features}}),
    }
    return {kind: predict(model=model, **inputs).get_dict() for kind, model in trained["models"].items()}


@pytest.mark.slow
def test_all_kinds_learn_predict_and_explain(trained, family):
    results = trained["results"].get_dict()
    expected = {"train": 188, "balanced_out": 28, "test_quaternary": 132, "test_multinary": 122}
    for kind in KINDS:
        errors = results["metrics"][kind]
        assert {split: found["n"] for split, found in errors.items()} == expected
        for split in ("test_quaternary", "test_multinary"):
            assert errors[split]["r2"] > 0.3, (kind, split, errors[split])
        assert max(results["importances"][kind], key=lambda name: results["importances"][kind][name][
            "permutation_mean"]) in {"csm_li_mean", "x_li", "csm_m_mean"}  # fmt: skip
    assert set(results["noise_floor"]) == set(expected)
    assert all(floor > 0.0 for floor in results["noise_floor"].values())
    for kind in KINDS:  # crowding has made the test sets unlike the training set: 90 % is not promised for them
        assert min(results["intervals"][kind]["held"].values()) > 0.65
        assert results["intervals"][kind]["held"]["test_quaternary"] > 0.85
    check_predictions(trained, family)


def check_predictions(trained, family):
    (composition,) = draw(space(family, "quinary"), 1, 7)
    features = features_of(composition)
    found = predictions_of(trained, composition, features)
    for kind in KINDS:
        prediction = found[kind]
        assert prediction["model_kind"] == kind
        assert prediction["msd_low"] <= prediction["msd"] <= prediction["msd_high"]
        assert prediction["shap_base"] + sum(prediction["shap"].values()) == pytest.approx(prediction["msd"], abs=1e-6)
    far = predictions_of(trained, composition, features | {"csm_li_mean": 40.0})
    for kind in KINDS:
        assert "csm_li_mean" in far[kind]["outside_domain"]
        assert far[kind]["distance"] > 2.0
        assert far[kind]["unseen_elements"] == []
