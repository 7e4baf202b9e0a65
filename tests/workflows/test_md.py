"""MD through AiiDA: real jobs, restarts to the same end."""

import numpy as np
from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.workflows.md import MdWorkChain

SETTINGS = {"n_steps": 40, "record_every": 2, "restart_every": 10, "frames_every": 20}


def run(code, model, structure):
    builder = MdWorkChain.get_builder_from_protocol(
        engine_code=code,
        protocol="demo",
        overrides={"md": SETTINGS},
        model=model,
        structures=structure if isinstance(structure, dict) else {"lif": structure},
        mobile="Li",
    )
    return run_get_node(builder)


def test_a_trajectory_holds_the_mobile_ions_and_the_frames_asked_for(codes, pretrained, lithium_fluoride):
    outputs, node = run(codes["hezsp-engine"], pretrained, lithium_fluoride)
    assert node.is_finished_ok, node.exit_message
    trajectory = outputs["trajectories"]["lif"]
    positions = trajectory.get_array("positions")
    assert positions.shape == (21, 4, 3)
    assert positions.dtype == np.float32
    assert trajectory.get_array("frames").shape == (3, 8, 3)
    result = outputs["results"]["results"]["lif"]
    assert result["n_mobile"] == 4
    assert result["length_ps"] == 0.04
    assert result["msd"] > 0


def test_a_killed_job_is_continued_to_the_same_end(codes, engine_that_dies_once, pretrained, lithium_fluoride):
    whole, _ = run(codes["hezsp-engine"], pretrained, lithium_fluoride)
    outputs, node = run(engine_that_dies_once("restart/*"), pretrained, lithium_fluoride)
    assert node.is_finished_ok, node.exit_message
    jobs = sorted(node.called, key=lambda job: job.pk)
    assert [job.exit_status for job in jobs] == [310, 0]
    assert "restart_folder" in jobs[1].inputs
    for name in ("positions", "temperatures", "potential_energies", "frames"):
        expected = whole["trajectories"]["lif"].get_array(name)
        np.testing.assert_array_equal(outputs["trajectories"]["lif"].get_array(name), expected)
    assert outputs["results"]["results"]["lif"]["msd"] == whole["results"]["results"]["lif"]["msd"]


def test_a_job_in_which_every_run_explodes_is_not_tried_again(codes, pretrained, lithium_fluoride):
    crushed = orm.StructureData(cell=[[5, 0, 0], [0, 5, 0], [0, 0, 5]])
    crushed.append_atom(position=(0, 0, 0), symbols="Li")
    crushed.append_atom(position=(0, 0, 0.25), symbols="F")
    _, node = run(codes["hezsp-engine"], pretrained, {"bad": crushed})
    assert node.exit_status == 520
    assert "Li 1 and F 2 are 0.25 A apart" in node.exit_message
    assert len(node.called) == 1
    outputs, node = run(codes["hezsp-engine"], pretrained, {"bad": crushed, "lif": lithium_fluoride})
    assert node.is_finished_ok, node.exit_message
    assert set(outputs["trajectories"]) == {"lif"}
    assert list(outputs["results"]["left_out"]) == ["bad"]
