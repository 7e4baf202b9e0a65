"""Relaxation through AiiDA: real jobs, failures kept apart, errors in one line."""

import pytest
from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.workflows.relax import RelaxWorkChain


def relax(codes, model, structures, **relax_settings):
    builder = RelaxWorkChain.get_builder_from_protocol(
        engine_code=codes["hezsp-engine"],
        protocol="demo",
        overrides={"relax": {"fmax": 0.05, **relax_settings}},
        model=model,
        structures=structures,
    )
    return run_get_node(builder)


def test_structures_are_relaxed_and_keep_their_labels(codes, pretrained, lithium_fluoride):
    outputs, node = relax(codes, pretrained, {"a": lithium_fluoride, "b": lithium_fluoride})
    assert node.is_finished_ok, node.exit_message
    results = outputs["results"].get_dict()
    assert set(results["results"]) == set(outputs["structures"]) == {"a", "b"}
    assert results["results"]["a"]["converged"]
    assert results["results"]["a"]["fmax"] <= 0.05
    assert outputs["structures"]["a"].get_cell_volume() == pytest.approx(results["results"]["a"]["volume"], abs=1e-6)
    assert results["model"]["sha256"] == pretrained.sha256 == results["model_sha256"]
    assert {"aiida-hezsp", "chgnet", "torch"} <= set(results["versions"])


def test_a_structure_that_fails_does_not_stop_its_neighbours(codes, pretrained, lithium_fluoride):
    broken = orm.StructureData(cell=[[4, 0, 0], [0, 4, 0], [0, 0, 4]])
    broken.append_atom(position=(0, 0, 0), symbols="Li")
    broken.append_atom(position=(0, 0, 0.01), symbols="F")
    outputs, node = relax(codes, pretrained, {"good": lithium_fluoride, "broken": broken})
    assert node.is_finished_ok, node.exit_message
    assert set(outputs["structures"]) == {"good"}
    assert outputs["results"]["results"]["broken"]["error"]


def test_a_job_whose_parameters_are_wrong_says_so(codes, pretrained, lithium_fluoride):
    _, node = relax(codes, pretrained, {"a": lithium_fluoride}, optimizer="Simplex")
    assert node.exit_status == 320
    assert "optimizer" in node.exit_message
    assert len(node.called) == 1  # the same inputs would fail again


def test_an_empty_namespace_of_structures_is_refused(codes, pretrained):
    with pytest.raises(ValueError, match="structure"):
        relax(codes, pretrained, {})
