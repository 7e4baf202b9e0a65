import pytest

from aiida_hezsp.errors import PredictionError
from aiida_hezsp.provenance.models import find_model, newest_model, prediction_route, training_route


def test_found_by_what_users_call_them(many):
    boosted = many.models["GB"]
    for identifier in (str(boosted.pk), boosted.uuid, boosted.uuid[:8], "GB"):
        assert find_model(identifier).uuid == boosted.uuid
    assert newest_model("GB").uuid == boosted.uuid
    assert newest_model("SISSO").uuid in {node.uuid for node in many.models.values()}


def test_a_uuid_may_begin_with_digits_alone(many):
    """As one in forty does."""
    clones = (many.models["GB"].clone() for _ in range(2000))
    model = next(node for node in clones if node.uuid[:8].isdigit()).store()
    assert find_model(model.uuid[:8]).uuid == model.uuid


def test_what_is_no_model_is_named(many):
    with pytest.raises(PredictionError, match="no SF-MSD model has the label or the kind 'nonsense'"):
        find_model("nonsense")
    with pytest.raises(PredictionError, match="is a ChgnetModelData, not an SF-MSD model"):
        find_model(str(many.discovery.nodes.pretrained.pk))
    with pytest.raises(PredictionError, match="no single node has the identifier 999999"):
        find_model("999999")


def test_route_leads_to_the_relaxation_model(many):
    route = training_route(many.models["GB"])
    assert route.relaxation_model.uuid == many.discovery.nodes.relaxation_model.uuid
    assert route.n_atoms > 0
    assert set(route.domain) == set(many.models["GB"].features)
    low, high = route.domain["x_li"]
    assert route.outside({"x_li": (low + high) / 2, "unknown": 1.0}) == []
    (text,) = route.outside({"x_li": high + 1})
    assert text.startswith(f"x_li {high + 1:.4g} (trained on")


def test_a_model_without_history_has_no_route(many):
    alone = many.models["GB"].clone().store()
    route = training_route(alone)
    assert (route.family, route.relaxation_model, route.md_model, route.n_atoms) == (None, None, None, None)
    assert route.domain


def test_route_of_a_prediction_is_its_own(discovery, best):  # the profile of `many` is gone now
    nodes = discovery.nodes
    route = prediction_route(best)
    assert route.relaxation_model.uuid == nodes.first_finetune.outputs.model.uuid
    assert route.md_model.uuid == nodes.second_finetune.outputs.model.uuid
    assert route.domain == training_route(nodes.sfmsd_model).domain


def test_empty_profile(aiida_profile_clean):
    with pytest.raises(PredictionError, match="this profile has no SF-MSD model"):
        newest_model("GB")
