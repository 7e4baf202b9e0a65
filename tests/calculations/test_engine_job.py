"""What all engine jobs share: settings written as given, restart copies, defaults, refusals before submission."""

import pytest
from aiida import orm
from aiida.common import LinkType
from aiida.common.exceptions import InputValidationError
from aiida.plugins import CalculationFactory

JOBS = ["hezsp.relax", "hezsp.md", "hezsp.finetune", "hezsp.evaluate", "hezsp.sfmsd_train"]


@pytest.mark.parametrize("name", JOBS)
def test_every_job_has_its_parser_defaults_and_the_exit_codes(name):
    spec = CalculationFactory(name).spec()
    options = spec.inputs["metadata"]["options"]
    assert options["parser_name"].default == name
    assert options["output_filename"].default == "hezsp-engine.log"
    assert options["withmpi"].default is False
    assert options["resources"].default() == {"num_machines": 1, "num_mpiprocs_per_machine": 1}
    assert spec.default_output_node == "results"
    codes = {code.status: code for code in spec.exit_codes.values()}
    assert {310, 311, 320, 321, 510} <= set(codes)
    # no failure is answered from the cache: its cause may be the machine's and be gone
    assert all(codes[status].invalidates_cache for status in (310, 311, 320, 321, 510))


@pytest.mark.parametrize("name", JOBS)
def test_every_port_says_what_it_is(name):
    spec = CalculationFactory(name).spec()
    aiidas = {"metadata", "code", "monitors", "remote_folder"}
    ours = [port for port in spec.inputs if port not in aiidas]
    for port in ours:
        assert spec.inputs[port].help, f"{name}: input {port}"
    for port in spec.outputs:
        assert spec.outputs[port].help, f"{name}: output {port}"


def test_every_job_of_the_engine_has_a_calcjob():
    from aiida_hezsp.engine.jobs import JOBS as KNOWN

    assert {CalculationFactory(name).JOB for name in JOBS} == set(KNOWN)


def test_parameters_are_written_beside_the_names_of_the_files(prepare, model, lithium_fluoride):
    _, folder, content = prepare(
        "hezsp.relax", model=model, structures={"a": lithium_fluoride}, parameters={"fmax": 0.1, "threads": 2}
    )
    assert content == {
        "job": "relax",
        "fmax": 0.1,
        "threads": 2,
        "model": "model.safetensors",
        "structures": "structures.json",
    }
    assert (folder / "model.safetensors").read_bytes() == model.get_content(mode="rb")


def test_the_files_named_win_over_parameters_of_that_name(prepare, model, lithium_fluoride):
    """A parameter cannot make the engine read another file than the node's."""
    parameters = {"model": "0.2.0", "structures": "/etc/passwd"}
    _, _, content = prepare("hezsp.relax", model=model, structures={"a": lithium_fluoride}, parameters=parameters)
    assert content["model"] == "model.safetensors"
    assert content["structures"] == "structures.json"


def test_a_job_without_structures_is_refused(prepare, model):
    with pytest.raises(ValueError, match="at least one structure is needed"):
        prepare("hezsp.relax", model=model, structures={}, parameters={})


def test_a_structure_without_atoms_is_named(prepare, model, lithium_fluoride):
    empty = orm.StructureData(cell=[[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    with pytest.raises(ValueError, match="structures without atoms: empty"):
        prepare("hezsp.relax", model=model, structures={"a": lithium_fluoride, "empty": empty}, parameters={})


def test_a_partly_occupied_structure_is_refused_before_anything_runs(prepare, model):
    from aiida_hezsp.errors import StructureError

    mixed = orm.StructureData(cell=[[4, 0, 0], [0, 4, 0], [0, 0, 4]])
    mixed.append_atom(symbols=["Zr", "Hf"], weights=[0.5, 0.5], name="M", position=(0, 0, 0))
    with pytest.raises((StructureError, InputValidationError), match="partly occupied"):
        prepare("hezsp.relax", model=model, structures={"m": mixed}, parameters={})


def test_a_wrong_node_type_is_refused(prepare, lithium_fluoride):
    with pytest.raises(ValueError, match="model"):
        prepare("hezsp.relax", model=lithium_fluoride, structures={"a": lithium_fluoride}, parameters={})


@pytest.mark.parametrize(
    ("code", "valid"),
    [(None, True), ("ERROR_EXPLOSION", True), ("ERROR_PROCESS_DIED", False), ("ERROR_MEMORY", False), (320, False)],
)
def test_a_structure_that_the_machine_failed_is_tried_again(aiida_profile_clean, localhost, code, valid):
    """A structure that blew up would do so again; one whose process was killed would not."""
    status = code if isinstance(code, int) else 0
    node = orm.CalcJobNode(computer=localhost, process_type="aiida.calculations:hezsp.relax")
    node.set_process_state("finished")
    node.set_exit_status(status)
    node.store()
    entries = {"a": {"error_code": None}, "b": {"error_code": code}}
    results = orm.Dict({"results": entries})
    if status == 0:
        results.base.links.add_incoming(node, LinkType.CREATE, "results")
        results.store()
    node.seal()
    assert node.base.caching.is_valid_cache is valid
