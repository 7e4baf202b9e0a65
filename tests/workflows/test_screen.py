"""The screen: predictions that follow from the relaxed structures, failures named by composition."""

import numpy as np
import pytest
from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.chemistry import parse_formula
from aiida_hezsp.data import SfmsdModelData
from aiida_hezsp.sfmsd import extract_features, feature_definitions
from aiida_hezsp.workflows.screen import ScreenWorkChain

HOST, QUATERNARY = "Li3Zr2Si2PO12", "Li3Zr0.5Hf0.5Al0.5Nb0.5Si2PO12"


@pytest.fixture
def sfmsd_model(aiida_profile_clean, family, tmp_path):
    """A model of the quaternary feature set, trained on numbers around those of real cells."""
    from aiida_hezsp.sfmsd import save_model, train
    from aiida_hezsp.sfmsd.training import TrainSettings

    columns = feature_definitions(family, "quaternary")
    rng = np.random.default_rng(1)
    rows = [
        {
            "label": f"r{number}",
            "features": {column["name"]: float(value) for column, value in zip(columns, values, strict=True)},
            "target": float(40 + 20 * values[0]),
            "split": "train",
        }
        for number, values in enumerate(rng.random((20, len(columns))) * 4)
    ]
    table = {"feature_set": "quaternary", "columns": columns, "target": {"name": "msd", "unit": "A^2"}, "rows": rows}
    few = {"RF": {"fixed": {}, "search": {"n_estimators": {"integers": [10, 20]}}}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aiida_hezsp.sfmsd.models._search_spaces", lambda: few)
        model = train(table, TrainSettings(kind="RF", search_iterations=1, cv=2))
    save_model(model, tmp_path / "RF.skops")
    node = SfmsdModelData(tmp_path / "RF.skops", tmp_path / "RF.json")
    node.label_engines = ["standin emt"]
    return node.store()


def screen(codes, family, pretrained, sfmsd_model, **relax):
    chosen = [{"space": None, "n": None, "formulas": [HOST, QUATERNARY], "seed": 1}]
    builder = ScreenWorkChain.get_builder_from_protocol(
        engine_code=codes["hezsp-engine"],
        protocol="demo",
        overrides={
            "jobs": {"workers": 1},
            "relax": {"fmax": 5.0, "max_steps": 2, **relax},
            "screen": {"compositions": chosen, "cell": "primitive"},
        },
        family=orm.Dict(family.to_dict()),
        relaxation_model=pretrained,
        sfmsd_model=sfmsd_model,
    )
    return run_get_node(builder)


def test_predictions_follow_from_the_relaxed_structures(codes, family, pretrained, sfmsd_model):
    """The model wants three dopants: the host has none and is named, the quaternary is predicted."""
    relaxes = pretrained.clone()
    relaxes.label_engines = ["standin chgnet-r2scan"]
    outputs, node = screen(codes, family, relaxes, sfmsd_model)
    assert node.is_finished_ok, node.exit_message
    ((label, prediction),) = outputs["predictions"].items()
    composition = parse_formula(family, QUATERNARY)
    assert label == composition.label
    assert set(outputs["report"]["failed"]) == {HOST}
    assert "has 0 dopants" in outputs["report"]["failed"][HOST]
    assert outputs["report"]["n_predictions"] == 1
    relaxed = prediction.creator.inputs.structure
    assert relaxed.creator.process_label == "RelaxCalculation"
    row = extract_features(relaxed.get_pymatgen(), composition, family, feature_set="quaternary")
    assert prediction["msd"] == pytest.approx(sfmsd_model.load().predict([row])[0], rel=1e-6)
    assert prediction["formula"] == composition.formula
    assert prediction["label_engines"] == ["standin chgnet-r2scan", "standin emt"]
    assert prediction["volume"] == pytest.approx(relaxed.get_cell_volume())


def test_a_batch_that_fails_names_its_compositions(codes, family, pretrained, sfmsd_model):
    outputs, node = screen(codes, family, pretrained, sfmsd_model, optimizer="Simplex")
    assert node.exit_status == 410
    assert "optimizer" in node.exit_message
    assert set(outputs["report"]["failed"]) == {HOST, parse_formula(family, QUATERNARY).label}
    assert outputs["report"]["n_predictions"] == 0
