"""Assessing compositions with several configurations: real relaxations of 40-atom cells."""

import pytest
from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.chemistry import parse_formula
from aiida_hezsp.data import SfmsdModelData
from aiida_hezsp.sfmsd import feature_definitions
from aiida_hezsp.workflows.assess import AssessWorkChain

FORMULA = "Li3Zr0.5Hf0.5Al0.5Nb0.5Si2PO12"


@pytest.fixture
def sfmsd_model(aiida_profile_clean, family, tmp_path):
    """A model of the multinary feature set, trained on numbers around those of real cells."""
    from many_predictions import features_of, many_compositions, target_of

    from aiida_hezsp.sfmsd import save_model, train
    from aiida_hezsp.sfmsd.training import TrainSettings

    rows = [
        {"label": c.label, "features": features_of(c), "target": target_of(features_of(c)), "split": "train"}
        for c in many_compositions(family, 24)
    ]
    columns = feature_definitions(family, "multinary")
    table = {"feature_set": "multinary", "columns": columns, "target": {"name": "msd", "unit": "A^2"}, "rows": rows}
    save_model(train(table, TrainSettings(kind="GB", search_iterations=1, cv=2)), tmp_path / "GB.skops")
    return SfmsdModelData(tmp_path / "GB.skops", tmp_path / "GB.json").store()


def assess(codes, family, pretrained, sfmsd_model, **relax):
    builder = AssessWorkChain.get_builder_from_protocol(
        engine_code=codes["hezsp-engine"],
        protocol="demo",
        overrides={"jobs": {"workers": 1}, "relax": relax, "screen": {"cell": "primitive", "configuration_seed": 5}},
        family=orm.Dict(family.to_dict()),
        relaxation_model=pretrained,
        sfmsd_model=sfmsd_model,
        formulas=orm.List([FORMULA]),
        decorations=orm.Int(2),
    )
    return run_get_node(builder)


def test_every_configuration_has_a_prediction(codes, family, pretrained, sfmsd_model):
    from aiida_hezsp.provenance.record import prediction_record
    from aiida_hezsp.provenance.search import search

    relaxes = pretrained.clone()
    relaxes.label_engines = ["standin emt"]
    outputs, node = assess(codes, family, relaxes, sfmsd_model, fmax=0.05, max_steps=2)
    assert node.is_finished_ok, node.exit_message
    label = parse_formula(family, FORMULA).label
    assert set(outputs["predictions"]) == {f"{label}_s5", f"{label}_s6"}
    first, second = (outputs["predictions"][f"{label}_s{seed}"] for seed in (5, 6))
    assert first["features"] != second["features"]
    assert first["label_engines"] == second["label_engines"] == ["standin emt"]  # those of the model that relaxed
    assert outputs["report"]["failed"] == {}
    summary = outputs["spread"][label]
    assert summary["n"] == 2
    assert summary["msd_mean"] == pytest.approx((first["msd"] + second["msd"]) / 2)
    relaxations = {prediction.creator.inputs.structure.creator.uuid for prediction in (first, second)}
    assert len(relaxations) == 1, "all configurations are relaxed by one job"
    assert prediction_record(second)["configuration"]["seed"] == 6
    assert {row.uuid for row in search().rows} == {first.uuid, second.uuid}


def test_failures_are_named(codes, family, pretrained, sfmsd_model):
    outputs, node = assess(codes, family, pretrained, sfmsd_model, optimizer="Simplex")
    assert node.exit_status == 410
    assert "optimizer" in node.exit_message
    assert len(outputs["report"]["failed"]) == 2


def test_at_least_one_configuration(aiida_profile_clean):
    port = AssessWorkChain.spec().inputs["decorations"]
    assert port.validator(orm.Int(0), None) == "at least one configuration is needed, not 0"
    assert port.validator(orm.Int(1), None) is None
