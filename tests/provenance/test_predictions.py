import pytest
from aiida import orm

from aiida_hezsp.errors import PredictionError
from aiida_hezsp.provenance.predictions import (
    find_predictions,
    is_prediction,
    load_prediction,
    rank_predictions,
)


def test_ranking_is_by_predicted_msd(discovery):
    ranked = rank_predictions()
    assert [row.rank for row in ranked] == [1, 2, 3]
    assert [row.msd for row in ranked] == [144.25, 120.5, 60.5]
    first = ranked[0]
    assert first.formula == "Li2.625Zr0.5Ti0.375Sn0.375Hf0.375Nb0.375Si2PO12"
    assert first.type == "5-1"
    assert first.label_engines == ("standin r2scan",)
    assert first.standin
    assert first.outside_domain == ("a",)
    assert ranked == rank_predictions(discovery.nodes.discover)


def test_ranking_counts_copies_once(discovery, best):
    """A repeated run takes its steps from the cache: the same prediction, with nodes of its own."""
    from discovery_graph import calcfunction

    creator = best.creator
    copy = orm.Dict(best.get_dict())
    links = creator.base.links.get_incoming().all()
    calcfunction("predict", {link.link_label: link.node for link in links}, {"result": copy})
    ranked = rank_predictions()
    assert len(ranked) == 3
    assert ranked[0].uuid == copy.uuid
    assert load_prediction(best["formula"]).uuid == copy.uuid
    assert rank_predictions(discovery.nodes.discover)[0].uuid == best.uuid


def test_msd_filter_is_right_for_whole_numbers(discovery):
    """SQLite would compare 120.5 as 120 with an integer 120."""
    labels = {node["label"] for node in find_predictions(msd_above=120)}
    assert labels == {label for label, node in discovery.predictions.items() if node["msd"] > 120}


@pytest.mark.parametrize("attribute", ["pk", "uuid"])
def test_load_by_identifier(discovery, best, attribute):
    assert load_prediction(str(getattr(best, attribute))).uuid == best.uuid


def test_load_by_beginning_of_uuid_formula_and_label(discovery):
    node = discovery.predictions["Li3Zr0p5Ti0p375Ge0p375Sn0p375Hf0p375Si2PO12"]
    for identifier in (node.uuid[:8], node["formula"], node["label"]):
        assert load_prediction(identifier).uuid == node.uuid


def test_order_of_elements_does_not_matter(discovery, best):
    assert load_prediction("Li2.625Zr0.5Hf0.375Sn0.375Ti0.375Nb0.375Si2PO12")["formula"] == best["formula"]
    with pytest.raises(PredictionError, match="no prediction of"):
        load_prediction("Li2.625Zr0.5Hf0.375Sn0.375Ti0.375Ta0.375Si2PO12")


def test_not_a_prediction_says_what_it_is(discovery, best):
    structure = best.creator.inputs.structure
    with pytest.raises(PredictionError, match=f"node {structure.pk} is a StructureData, not a prediction"):
        load_prediction(str(structure.pk))
    table = best.creator.inputs.features
    assert not is_prediction(table)
    with pytest.raises(PredictionError, match="is a Dict, not a prediction"):
        load_prediction(table.uuid)
    with pytest.raises(PredictionError, match=r"is a process .* returned 3 predictions: `aiida-hezsp rank"):
        load_prediction(str(discovery.nodes.discover.pk))


def test_unknown_composition_names_the_nearest(discovery):
    with pytest.raises(PredictionError, match=r"near it are .*Li3Zr0.5Ti0.375Ge0.375Sn0.375Hf0.375Si2PO12"):
        load_prediction("Li3Zr0.5Hf0.375Sn0.375Ti0.375Ge0.375Si2PO")


def test_unknown_identifiers(discovery):
    with pytest.raises(PredictionError, match="no node has the identifier 999999"):
        load_prediction("999999")
    with pytest.raises(PredictionError, match="has no predictions"):
        rank_predictions(discovery.nodes.second_finetune)


def test_what_the_real_calcfunction_makes_is_read(discovery, best, family):
    from aiida_hezsp.calculations.predict import predict
    from aiida_hezsp.chemistry import parse_formula
    from aiida_hezsp.provenance.trace import trace_prediction

    composition, inputs = parse_formula(family, best["formula"]), best.creator.inputs
    real = predict(
        label=orm.Str(composition.label),
        structure=inputs.structure,
        compositions=orm.Dict({composition.label: composition.as_dict()}),
        features=inputs.features,
        model=inputs.model,
    )
    row = next(row for row in rank_predictions() if row.uuid == real.uuid)
    assert (row.formula, row.type, row.x_li) == (best["formula"], "5-1", 2.625)
    assert row.s_config == pytest.approx(1.602, abs=1e-3)
    assert row.entropy_class == "high"
    assert row.msd_low <= row.msd <= row.msd_high
    assert row.msd == pytest.approx(real["shap_base"] + sum(real["shap"].values()))
    assert row.features == inputs.features["rows"][composition.label]
    assert row.standin
    trace = trace_prediction(real)
    assert trace.engines == trace_prediction(best).engines
    assert trace["other"].count == 0


def test_empty_profile(aiida_profile_clean):
    with pytest.raises(PredictionError, match="this profile has no predictions"):
        rank_predictions()
    with pytest.raises(PredictionError, match="holds no predictions at all"):
        load_prediction("Li3Zr2Si2PO12")
