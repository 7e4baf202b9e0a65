"""What rests on a DFT calculation is what QueryBuilder's own closure of descendants holds."""

import json

import pytest
from aiida import orm

from aiida_hezsp.data import ChgnetModelData, ImageData, SfmsdModelData
from aiida_hezsp.errors import PredictionError
from aiida_hezsp.provenance.predictions import PREDICT_PROCESS_TYPE
from aiida_hezsp.provenance.recall import recall_calculation


def descendants(node, node_class, **filters):
    query = orm.QueryBuilder().append(orm.Node, filters={"id": node.pk}, tag="start")
    query.append(node_class, with_ancestors="start", filters=filters, project="uuid")
    return set(query.all(flat=True))


@pytest.mark.parametrize("kind", ["vasp_relaxations", "vasp_single_points", "interrupted_vasp"])
def test_agrees_with_the_closure(many, kind):
    calculation = getattr(many.discovery, kind)[0]
    found = recall_calculation(calculation)
    assert {node.uuid for node in found.datasets} == descendants(calculation, ImageData)
    models = descendants(calculation, ChgnetModelData) | descendants(calculation, SfmsdModelData)
    assert {node.uuid for node in found.models} == models
    predicting = descendants(calculation, orm.CalcFunctionNode, process_type=PREDICT_PROCESS_TYPE)
    assert {orm.load_node(row.uuid).creator.uuid for row in found.predictions} == predicting
    assert len(found.predictions) == 360


def test_first_and_second_dataset_are_told_apart(many):
    single_point = recall_calculation(many.discovery.vasp_single_points[0])
    assert many.discovery.nodes.relaxation_model.uuid not in {node.uuid for node in single_point.models}
    assert sum(single_point.images.values()) == 1


def test_labels_that_are_not_used(many):
    interrupted = recall_calculation(many.discovery.interrupted_vasp[0])
    assert sum(interrupted.images.values()) == 0
    assert interrupted.verdict.startswith("None of its labels is used")


def test_leaves_rest_on_nothing(many):
    predict = orm.load_node(uuid=next(iter(many.rows))).creator
    found = recall_calculation(predict)
    assert found.datasets == found.models == ()
    assert "nothing has to be recalled" in found.verdict


def test_json_and_wrong_nodes(many):
    content = json.loads(json.dumps(recall_calculation(many.discovery.vasp_relaxations[0]).to_dict(), allow_nan=False))
    assert content["images"] == 2
    assert {"uuid", "formula", "msd"} <= set(content["predictions"][0])
    with pytest.raises(PredictionError, match="is a Dict, not a calculation"):
        recall_calculation(orm.load_node(uuid=next(iter(many.rows))))
