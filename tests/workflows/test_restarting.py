"""Restarts of engine jobs: what is finished is kept, what cannot be helped is given up."""

import json
import stat
from pathlib import Path

import numpy as np
import pytest
from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.workflows.relax import RelaxWorkChain


def relax(code, model, structures):
    builder = RelaxWorkChain.get_builder_from_protocol(
        engine_code=code,
        protocol="demo",
        overrides={"relax": {"fmax": 0.005, "restart_every": 1}, "jobs": {"workers": 1}},
        model=model,
        structures=structures,
    )
    return run_get_node(builder)


def jobs(node):
    return sorted(node.called, key=lambda job: job.pk)


def test_a_killed_relaxation_keeps_the_structures_it_had_finished(engine_that_dies_once, pretrained, lithium_fluoride):
    """Killed as soon as the first of two is done: its result, wall time and all, is the killed job's."""
    structures = {"a": lithium_fluoride, "b": lithium_fluoride.clone()}
    outputs, node = relax(engine_that_dies_once("restart/a.json"), pretrained, structures)
    assert node.is_finished_ok, node.exit_message
    killed, last = jobs(node)
    assert (killed.exit_status, last.exit_status) == (310, 0)
    assert set(outputs["structures"]) == {"a", "b"}
    kept = json.loads(Path(killed.outputs.remote_folder.get_remote_path(), "restart", "a.json").read_text())
    result = outputs["results"]["results"]["a"]
    assert result["wall_time_s"] == kept["result"]["result"]["wall_time_s"]
    assert result["energy"] == pytest.approx(kept["result"]["result"]["energy"], rel=1e-13)  # AiiDA keeps 14 digits


def test_a_relaxation_killed_halfway_goes_on_from_its_last_geometry(
    engine_that_dies_once, pretrained, lithium_fluoride
):
    """Killed at its first restart point: the second job does not begin at the beginning."""
    outputs, node = relax(engine_that_dies_once("restart/a.npz"), pretrained, {"a": lithium_fluoride})
    assert node.is_finished_ok, node.exit_message
    killed, last = jobs(node)
    assert (killed.exit_status, last.exit_status) == (310, 0)
    with np.load(Path(killed.outputs.remote_folder.get_remote_path(), "restart", "a.npz")) as point:
        kept, cell = int(point["step"]), point["cell"]
    result = outputs["results"]["results"]["a"]
    assert result["converged"]
    assert result["n_steps"] >= kept > 0
    assert np.abs(cell - np.array(lithium_fluoride.cell)).max() > 1e-6


def test_an_engine_that_always_dies_is_given_up(localhost, pretrained, lithium_fluoride, tmp_path):
    script = tmp_path / "dead-engine"
    script.write_text("#!/bin/sh\necho started\nkill -9 $$\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    code = orm.InstalledCode(label="dead", computer=localhost, filepath_executable=str(script), with_mpi=False).store()
    _, node = relax(code, pretrained, {"a": lithium_fluoride})
    assert node.exit_status == RelaxWorkChain.exit_codes.ERROR_MAXIMUM_ITERATIONS_EXCEEDED.status
    assert [job.exit_status for job in jobs(node)] == [310] * 5
    assert "started" in jobs(node)[0].outputs.retrieved.base.repository.get_object_content("hezsp-engine.log")


def test_an_engine_that_broke_down_is_started_again(codes, localhost, pretrained, lithium_fluoride, tmp_path):
    """A full disk at the first time, room at the second."""
    engine, marker, script = codes["hezsp-engine"].filepath_executable, tmp_path / "full", tmp_path / "unlucky-engine"
    output = json.dumps({"error": {"code": "ERROR_UNEXPECTED", "message": "OSError: no space left on device"}})
    script.write_text(
        f"#!/bin/sh\nif [ -e '{marker}' ]; then exec '{engine}' \"$@\"; fi\n"
        f"touch '{marker}'\necho '{output}' > output.json\nexit 1\n"
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    code = orm.InstalledCode(label="full", computer=localhost, filepath_executable=str(script), with_mpi=False).store()
    _, node = relax(code, pretrained, {"a": lithium_fluoride})
    assert node.is_finished_ok, node.exit_message
    assert [job.exit_status for job in jobs(node)] == [321, 0]
