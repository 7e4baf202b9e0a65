"""The graph of many predictions is what the real processes would have stored."""

from collections import Counter

import pytest
from aiida import orm

from aiida_hezsp.provenance.predictions import require_prediction
from aiida_hezsp.provenance.trace import trace_prediction


def test_counts(many):
    assert Counter(row["model_kind"] for row in many.rows.values()) == {"GB": 300, "RF": 60}
    assert len({row["formula"] for row in many.rows.values()}) == 300
    assert len(many.screens["GB"].outputs.predictions) == 300
    query = orm.QueryBuilder().append(orm.CalcFunctionNode, filters={"process_type": {"like": "%hezsp.predict"}})
    assert query.count() == 360


def test_stored_is_what_predict_computes(many):
    from aiida_hezsp.calculations.predict import predict

    for uuid in (next(iter(many.rows)), list(many.rows)[-1]):
        node = orm.load_node(uuid=uuid)
        require_prediction(node)
        names = ("label", "structure", "compositions", "features", "model")
        again = predict(**{name: node.creator.inputs[name] for name in names}).get_dict()
        stored = many.rows[uuid]
        assert set(stored) >= {"msd", "features", "shap", "volume", "elements"}
        assert set(stored) <= set(again)
        for name in ("msd", "msd_low", "msd_high", "shap_base"):
            assert stored[name] == pytest.approx(again[name], rel=1e-9)
        assert stored["volume"] == pytest.approx(again["volume"])
        assert {name: stored[name] for name in ("formula", "elements", "outside_domain", "label_engines")} == {
            name: again[name] for name in ("formula", "elements", "outside_domain", "label_engines")
        }
        assert stored["shap_base"] + sum(stored["shap"].values()) == pytest.approx(stored["msd"])


def test_full_structures_come_first(many):
    sizes = [len(orm.load_node(uuid=uuid).creator.inputs.structure.sites) for uuid in list(many.rows)[:3]]
    first, second, third = sizes
    expected = [row["n_atoms"] for row in list(many.rows.values())[:2]]
    assert [first, second] == expected
    assert third < 15


def test_traced_to_the_dft_calculations(many):
    trace = trace_prediction(orm.load_node(uuid=list(many.rows)[100]))
    expected = {run.uuid for run in many.discovery.vasp_relaxations + many.discovery.interrupted_vasp}
    assert {process.uuid for process in trace["relaxation_dft"].processes} == expected
    assert trace["other"].count == 0
    assert len(trace["relaxation"].processes) == len(trace["features"].processes) == 1
    assert len(trace["md_runs"].processes) == 3
