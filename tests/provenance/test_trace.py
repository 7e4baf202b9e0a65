import json

from aiida import orm
from discovery_graph import calcfunction, calcjob, image_set

from aiida_hezsp.calculations.read_images import read_images
from aiida_hezsp.provenance.trace import trace_prediction


def uuids(stage):
    return {process.uuid for process in stage.processes}


def uuids_of(nodes):
    return {node.uuid for node in nodes}


def ancestors(node, node_class, process_type):
    """Walk the same graph with QueryBuilder alone, by its own closure of ancestors."""
    query = orm.QueryBuilder()
    query.append(orm.Node, filters={"uuid": node.uuid}, tag="prediction")
    query.append(node_class, with_descendants="prediction", filters={"process_type": process_type}, project="uuid")
    return set(query.all(flat=True))


def test_finds_what_querybuilder_finds(discovery, best):
    trace = trace_prediction(best)
    dft = uuids(trace["md_dft"]) | uuids(trace["relaxation_dft"])
    assert dft == ancestors(best, orm.CalcJobNode, "aiida.calculations:vasp.vasp")
    finetunes = uuids(trace["first_finetune"]) | uuids(trace["second_finetune"])
    assert finetunes == ancestors(best, orm.CalcJobNode, "aiida.calculations:hezsp.finetune")
    runs = uuids(trace["md_runs"]) | uuids(trace["transition_md"])
    assert runs == ancestors(best, orm.CalcJobNode, "aiida.calculations:hezsp.md")
    every = {process.uuid for stage in trace.stages for process in stage.processes}
    assert every == ancestors(best, orm.ProcessNode, {"!==": ""})


def test_stages_are_told_apart(discovery, best):
    trace = trace_prediction(best)
    assert uuids(trace["first_finetune"]) == {discovery.nodes.first_finetune.uuid}
    assert uuids(trace["second_finetune"]) == {discovery.nodes.second_finetune.uuid}
    assert uuids(trace["md_dft"]) == uuids_of(discovery.vasp_single_points)
    assert uuids(trace["relaxation_dft"]) == uuids_of(discovery.vasp_relaxations + discovery.interrupted_vasp)
    assert uuids(trace["md_runs"]) == uuids_of(discovery.md_runs)
    assert uuids(trace["transition_md"]) == uuids_of(discovery.transition_md)
    assert [data.uuid for data in trace["pretrained"].data] == [discovery.nodes.pretrained.uuid]
    assert discovery.nodes.training.uuid in uuids(trace["sfmsd_training"])
    assert len(trace["transition_selection"].processes) == 2
    assert trace["other"].count == 0


def test_dft_calculations_carry_composition_and_engine(discovery, best):
    trace = trace_prediction(best)
    by_uuid = {process.uuid: process for process in trace["relaxation_dft"].processes}
    for calculation in discovery.vasp_relaxations:
        assert by_uuid[calculation.uuid].composition == calculation.label
        assert by_uuid[calculation.uuid].engine == "standin r2scan"
    (interrupted,) = discovery.interrupted_vasp
    assert by_uuid[interrupted.uuid].labels_used is False
    assert by_uuid[interrupted.uuid].engine is None
    for process in trace["md_dft"].processes:
        assert process.label.startswith(process.composition)


def test_verdict_counts_calculations_whose_labels_are_used(discovery, best):
    trace = trace_prediction(best)
    used = len(discovery.vasp_relaxations) + len(discovery.vasp_single_points)
    assert trace.engines == {"standin r2scan": used}
    assert trace.has_standin_labels
    assert f"{used} by standin r2scan" in trace.verdict
    assert "No VASP ran" in trace.verdict


def test_to_dict_is_json(discovery, best):
    content = json.loads(json.dumps(trace_prediction(best).to_dict(), allow_nan=False))
    assert content["prediction"]["formula"] == best["formula"]
    stages = {stage["key"]: stage for stage in content["stages"]}
    assert stages["md_dft"]["count"] == len(discovery.vasp_single_points)
    assert {"pk", "uuid", "engine", "composition"} <= set(stages["md_dft"]["processes"][0])
    assert '"pk"' not in json.dumps(trace_prediction(best).to_dict(pks=False))


def test_unequal_engines_are_read_image_by_image(aiida_profile, discovery, best):
    from discovery_graph import image_set

    from aiida_hezsp.data import ImageData
    from aiida_hezsp.potential.images import ImageSet
    from aiida_hezsp.provenance.labels import _Engines

    mixed = ImageData(
        ImageSet.concatenate([image_set("A", "r0", engine="vasp 6.4.2"), image_set("A", "r1", engine="vasp 6.4.3")])
    ).store()
    engines = _Engines([mixed.pk], {mixed.pk: mixed.base.attributes.all})
    assert engines.of("r0") == "vasp 6.4.2"
    assert engines.of("r1") == "vasp 6.4.3"


def test_potential_used_as_it_came_has_no_dft(discovery):
    from discovery_graph import Discovery, predict_all

    bare = Discovery()
    bare.nodes.sfmsd_model = discovery.nodes.sfmsd_model.clone().store()
    predict_all(bare, discovery.nodes.pretrained)
    trace = trace_prediction(next(iter(bare.predictions.values())))
    assert trace.engines == {}
    assert not trace.has_standin_labels
    assert trace.verdict.startswith("No DFT calculation is in this graph")
    assert [data.uuid for data in trace["pretrained"].data] == [discovery.nodes.pretrained.uuid]
    assert trace["first_finetune"].count == trace["md_runs"].count == trace["other"].count == 0


def test_labels_read_from_a_file_are_told(discovery, best, tmp_path):
    """A prediction by a model that was fine-tuned on images from a file: the least graph that leads there."""
    image_set("A", "r0", 3, "gpaw 26.7.0").to_extxyz(tmp_path / "images.xyz")
    images = read_images(file=orm.SinglefileData(tmp_path / "images.xyz"))
    tuned, trained, results, table, found = (
        discovery.nodes.pretrained.clone(), best.creator.inputs.model.clone(), orm.Dict({}), orm.Dict({}), best.clone()
    )  # fmt: skip
    calcjob("hezsp.finetune", {"model": discovery.nodes.pretrained, "images": images}, {"model": tuned})
    calcjob("hezsp.md", {"model": tuned}, {"results": results})
    calcfunction("training_table", {"results__b0": results}, {"result": table})
    calcjob("hezsp.sfmsd_train", {"table": table}, {"models__GB": trained})
    calcfunction("predict", {"model": trained}, {"result": found})
    trace = trace_prediction(found)
    assert (trace.engines, trace.file_labels) == ({}, {"gpaw 26.7.0": 3})
    assert trace.verdict == "Labelled images read from files: 3 by gpaw 26.7.0; their calculations are not here."
    assert [process.kind for process in trace["relaxation_dataset"].processes] == ["hezsp.read_images"]
    assert trace["relaxation_dft"].count == 0
    assert not trace_prediction(best).file_labels
