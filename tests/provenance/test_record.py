import io
import json
from dataclasses import asdict

import pytest
from aiida import orm

from aiida_hezsp.errors import PredictionError
from aiida_hezsp.provenance.record import prediction_record
from aiida_hezsp.provenance.trace import trace_prediction


@pytest.fixture(scope="module")
def node(many):
    return orm.load_node(uuid=next(iter(many.rows)))


@pytest.fixture(scope="module")
def record(node):
    return json.loads(json.dumps(prediction_record(node), allow_nan=False))


def test_values_are_those_of_the_node(node, record):
    assert record["uuid"] == node.uuid
    assert record["composition"]["formula"] == node["formula"]
    assert record["msd"]["value"] == node["msd"]
    assert (record["msd"]["low"], record["msd"]["high"]) == (node["msd_low"], node["msd_high"])
    assert record["structure"]["volume"] == pytest.approx(node["volume"])
    assert record["structure"]["cell"]["a"] == pytest.approx(node["features"]["a"])


def test_every_feature_has_unit_and_definition(node, record):
    rows = {row["name"]: row for row in record["features"]}
    assert {name: row["value"] for name, row in rows.items()} == node["features"]
    assert {name: row["shap"] for name, row in rows.items()} == node["shap"]
    assert all(row["unit"] and row["definition"] for row in rows.values())
    assert rows["a"]["unit"] == "A"


def test_cif_is_the_relaxed_structure(node, record):
    from ase.io import read

    atoms = read(io.StringIO(record["structure"]["cif"]), format="cif")
    structure = node.creator.inputs.structure
    assert atoms.cell.volume == pytest.approx(structure.get_cell_volume())
    assert sorted(atoms.get_chemical_symbols()) == sorted(structure.get_ase().get_chemical_symbols())
    assert structure.uuid in record["structure"]["cif"].splitlines()[0]


def test_model_and_trace(many, node, record):
    assert record["model"]["uuid"] == many.models["GB"].uuid
    assert record["model"]["metrics"]["test"]["n"] > 0
    stages = {stage["key"]: stage["count"] for stage in record["trace"]}
    trace = trace_prediction(node)
    assert stages == {stage.key: stage.count for stage in trace.stages if stage.count}
    assert record["labels"]["standin"] is True
    assert asdict(trace)["prediction"]["uuid"] == node.uuid


def test_configuration_and_decorations(record):
    assert record["configuration"]["uuid"]
    assert record["configuration"]["seed"] == 1
    assert record["decorations"]["n"] == 1
    assert record["decorations"]["msd_std"] is None


def test_only_predictions(many):
    with pytest.raises(PredictionError, match="is a StructureData, not a prediction"):
        prediction_record(orm.load_node(uuid=next(iter(many.rows))).creator.inputs.structure)
