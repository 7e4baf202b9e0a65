"""Trained SF-MSD models: one node a kind, checked, marked."""

import json

import pytest

from aiida_hezsp.data import SfmsdModelData


@pytest.mark.parametrize("kind", ["GB", "RF", "SISSO"])
def test_models_predict_what_the_engine_reported(job, parse, table, kind):
    status, _, outputs = parse("sfmsd-train", job("sfmsd-train"))
    assert status == 0
    node = outputs["models"][kind]
    assert isinstance(node, SfmsdModelData)
    assert (node.kind, node.features, node.label_engines) == (kind, ["x", "y"], ["standin chgnet-r2scan"])
    reported = json.loads((job("sfmsd-train") / "output.json").read_text())
    features = {row["label"]: row["features"] for row in table["rows"]}
    predicted = node.load().predict([features[row["label"]] for row in reported["rows"]])
    assert predicted.tolist() == [row["predictions"][kind] for row in reported["rows"]]


@pytest.mark.parametrize("name", ["GB.skops", "GB.json", "SISSO.sisso", "SISSO.json"])
@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_damaged_model(copy_of, parse, name, damage):
    path = copy_of("sfmsd-train") / name
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-50])
    status, message, _ = parse("sfmsd-train", path.parent)
    assert status == 311
    assert path.stem in message or "model." in message
