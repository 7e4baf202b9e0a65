"""The whole route through real processes: stand-in, engine, work chains, trace, archive, page."""

import json

import pytest
from aiida import orm
from aiida.engine import run_get_node
from aiida.manage.caching import enable_caching
from aiida.tools.archive import import_archive

from aiida_hezsp.provenance.export import export_archive
from aiida_hezsp.provenance.predictions import predictions_of, rank_predictions
from aiida_hezsp.provenance.trace import trace_prediction
from aiida_hezsp.report.page import write_page

pytestmark = pytest.mark.slow

HELD_OUT = "Li3Sn2Si2PO12"
SETTINGS = {
    "dft": {"images": {"head": 4, "tail": 2}, "relax": {"incar": {"nsw": 12, "ediffg": -0.8}}},
    "potential": {
        "compositions": {
            "formulas": ["Li3.5Zr1.5Al0.5Si2PO12", "Li3Hf2Si2PO12", "Li2.5Zr1.5Nb0.5Si2PO12", HELD_OUT],
        },
        "holdout": [HELD_OUT],
        "relaxation_finetune": {"epochs": 3, "batch_size": 1, "learning_rate": 1e-3},
        "md_finetune": {"epochs": 2, "batch_size": 1, "learning_rate": 1e-3},
        "md": {"n_steps": 20, "frames_every": 5},
        "transition": {"n_images": 2},
    },
    "relax": {"fmax": 0.8, "max_steps": 15},
    "md": {"n_steps": 30, "record_every": 3},
    "sfmsd": {
        "compositions": [{"space": "quaternary", "n": 6, "formulas": None, "seed": 1}],
        "training": {"search_iterations": 2, "cv": 2},
    },
    "screen": {"compositions": [{"space": "quaternary", "n": 3, "formulas": None, "seed": 2}]},
    "verify": {
        "regions": {"low": 0.02, "high": 1.0, "per_region": 1},
        "arrhenius": {"temperatures": [900.0, 1100.0], "n_steps": 20},
    },
    "robustness": {"in_discover": True, "n": 2},
}


def launch(family):
    """Run the discovery in the loaded profile and return its node."""
    from aiida_hezsp.cli import environment
    from aiida_hezsp.workflows.discover import DiscoverWorkChain

    codes = environment.ensure_codes(environment.ensure_computer())
    builder = DiscoverWorkChain.get_builder_from_protocol(
        engine_code=codes[environment.ENGINE_LABEL],
        protocol="demo",
        overrides=SETTINGS,
        family=orm.Dict(family.to_dict()),
        vasp={
            "code": codes[environment.STANDIN_LABEL],
            "potential_family": orm.Str(environment.ensure_standin_potentials()),
        },
    )
    return run_get_node(builder)[1]


@pytest.fixture(scope="module")
def discovery(aiida_profile, family):
    """One finished discovery, for all tests of this module."""
    aiida_profile.reset_storage()
    node = launch(family)
    assert node.is_finished_ok, node.exit_message
    return node


@pytest.fixture(scope="module")
def best(discovery):
    """The prediction at the top of the ranking."""
    return orm.load_node(rank_predictions(discovery)[0].uuid)


def ancestors(node, node_type, process_type):
    """Return UUIDs of ancestors of a process type, by QueryBuilder alone."""
    query = orm.QueryBuilder()
    query.append(orm.Dict, filters={"uuid": node.uuid}, tag="prediction")
    query.append(node_type, with_descendants="prediction", filters={"process_type": process_type}, project="uuid")
    return set(query.all(flat=True))


def uuids(trace, *stages):
    """Return UUIDs of the processes of stages of a trace."""
    return {process.uuid for stage in stages for process in trace[stage].processes}


def test_every_composition_has_a_prediction(discovery):
    assert len(predictions_of(discovery)) == 3
    for prediction in predictions_of(discovery):
        assert prediction["msd_low"] <= prediction["msd"] <= prediction["msd_high"]
        assert sum(prediction["shap"].values()) + prediction["shap_base"] == pytest.approx(prediction["msd"])
        assert len(prediction["features"]) == 16


def test_predictions_are_checked_by_md_and_the_best_has_a_law(discovery, best):
    regions = discovery.outputs.regions
    assert 1 <= len(regions["rows"]) <= 3
    assert sum(regions["population"].values()) == 3
    assert regions["label_engines"] == ["standin chgnet-r2scan"]
    for row in regions["rows"]:
        assert row["error"] == pytest.approx(row["predicted"] - row["md"])
    assert set(discovery.outputs.arrhenius) == {best["label"]}
    for law in discovery.outputs.arrhenius.values():
        assert law["temperatures"] == [900.0, 1100.0]
        assert law["label_engines"] == ["standin chgnet-r2scan"]


def test_decorations_spread(discovery):
    found = discovery.outputs.robustness
    assert len(found["keys"]) == 2
    assert set(found["predictions"]) == {model.kind for model in discovery.outputs.models.values()}
    assert found["energies"][0] != found["energies"][1]


def test_the_trace_finds_what_a_query_finds(best):
    trace = trace_prediction(best)
    vasp = ancestors(best, orm.CalcJobNode, "aiida.calculations:vasp.vasp")
    assert uuids(trace, "relaxation_dft", "md_dft") == vasp
    assert len(uuids(trace, "relaxation_dft")) >= 4
    assert len(uuids(trace, "md_dft")) == 8
    finetunings = ancestors(best, orm.CalcJobNode, "aiida.calculations:hezsp.finetune")
    assert uuids(trace, "first_finetune", "second_finetune") == finetunings
    assert len(finetunings) == 2
    md = ancestors(best, orm.CalcJobNode, "aiida.calculations:hezsp.md")
    assert uuids(trace, "md_runs", "transition_md") == md
    assert trace["md_runs"].count == 1
    assert not trace["other"].processes


def test_stand_in_labels_are_marked_all_the_way(discovery, best, tmp_path):
    assert best["label_engines"] == ["standin chgnet-r2scan"]
    assert set(discovery.outputs.relaxation_images.engines) == {"standin chgnet-r2scan"}
    assert discovery.outputs.md_model.label_engines == ["standin chgnet-r2scan"]
    assert trace_prediction(best).has_standin_labels
    write_page(discovery, tmp_path / "page.html")
    assert "stand-in" in (tmp_path / "page.html").read_text(encoding="utf8")


def test_every_image_leads_to_its_calculation(discovery):
    for dataset in (discovery.outputs.relaxation_images, discovery.outputs.md_images):
        images = dataset.get_images()
        for index in range(len(images)):
            calculation = dataset.calculation(index)
            trajectory = calculation.outputs.trajectory
            energy = trajectory.get_array("energy_extrapolated")[images.steps[index]]
            assert images.energies[index] == pytest.approx(float(energy), abs=1e-8)


def test_fine_tuning_lowers_the_force_error_on_unseen_compositions(discovery):
    metrics = discovery.outputs.relaxation_metrics["metrics"]
    assert metrics["before"]["unseen"]["n_images"] > 0
    assert metrics["after_final"]["unseen"]["force_mae"] < metrics["before"]["unseen"]["force_mae"]


def test_the_second_model_starts_from_the_first(discovery):
    finetune = discovery.outputs.md_model.creator
    assert finetune.inputs.model.uuid == discovery.outputs.relaxation_model.uuid


def test_a_repeated_run_takes_every_job_from_the_cache(discovery, family):
    with enable_caching():
        again = launch(family)
    assert again.is_finished_ok, again.exit_message
    jobs = [node for node in again.called_descendants if isinstance(node, orm.CalcJobNode)]
    assert jobs
    assert all(job.base.caching.is_created_from_cache for job in jobs)
    assert [row.msd for row in rank_predictions(again)] == [row.msd for row in rank_predictions(discovery)]


def test_the_archive_gives_the_same_trace_in_an_empty_profile(discovery, best, tmp_path, request):
    archive, uuid = tmp_path / "discovery.aiida", best.uuid
    export_archive(predictions_of(discovery), archive)
    here = trace_prediction(best).to_dict(pks=False)
    request.getfixturevalue("empty_profile")  # nodes of the first profile do not survive that it is closed
    import_archive(archive)
    there = trace_prediction(orm.load_node(uuid)).to_dict(pks=False)
    assert json.dumps(here, sort_keys=True) == json.dumps(there, sort_keys=True)
