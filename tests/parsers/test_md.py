"""Trajectories: the arrays of the engine, for each structure that was finished."""

import json

import numpy as np
import pytest

ARRAYS = {"positions", "times", "temperatures", "potential_energies", "msd", "cell", "mobile_indices", "frames"}


def test_trajectories_are_the_engines(job, parse):
    status, _, outputs = parse("md", job("md"))
    assert status == 0
    for label in ("good", "other"):
        node = outputs["trajectories"][label]
        assert set(node.get_arraynames()) >= ARRAYS
        with np.load(job("md") / "trajectories" / f"{label}.npz") as stored:
            for name in stored.files:
                np.testing.assert_array_equal(node.get_array(name), stored[name])
        assert node.get_array("positions").shape == (11, 1, 3)
        assert node.get_array("positions").dtype == np.float32


def test_a_structure_that_failed_has_no_trajectory(copy_of, parse):
    folder = copy_of("md")
    output = json.loads((folder / "output.json").read_text())
    output["results"]["good"] = dict.fromkeys(output["results"]["good"]) | {"error": "exploded"}
    (folder / "output.json").write_text(json.dumps(output))
    status, _, outputs = parse("md", folder)
    assert status == 0
    assert set(outputs["trajectories"]) == {"other"}


@pytest.mark.parametrize("damage", ["missing", "cut", "foreign", "pickled"])
def test_a_damaged_trajectory(copy_of, parse, damage):
    folder = copy_of("md")
    path = folder / "trajectories" / "good.npz"
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif damage == "foreign":
        path.write_text("not an npz file")
    else:
        np.savez(path, positions=np.array([{}], dtype=object))
    status, message, _ = parse("md", folder)
    assert status == 311
    assert "\n" not in message.strip()


@pytest.mark.parametrize(("second", "status"), [("ERROR_EXPLOSION", 520), ("ERROR_STRUCTURE", 510), (None, 0)])
def test_a_job_in_which_every_run_exploded_has_an_exit_code_of_its_own(copy_of, parse, second, status):
    folder = copy_of("md")
    output = json.loads((folder / "output.json").read_text())
    for label, code in (("good", "ERROR_EXPLOSION"), ("other", second)):
        if code is not None:
            failed = {"error": "the run has blown up at step 7", "error_code": code}
            output["results"][label] = dict.fromkeys(output["results"][label]) | failed
    (folder / "output.json").write_text(json.dumps(output))
    found, message, outputs = parse("md", folder)
    assert found == status
    assert "results" in outputs
    if status == 520:
        assert message.endswith("overlapping atoms): good: the run has blown up at step 7")
