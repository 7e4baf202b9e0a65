"""Relaxed structures: as the engine wrote them, one for each that was finished."""

import json

import numpy as np
import pytest


def test_structures_are_the_engines(job, parse):
    status, _, outputs = parse("relax", job("relax"))
    assert status == 0
    relaxed = json.loads((job("relax") / "relaxed.json").read_text())
    for label in ("good", "other"):
        node = outputs["structures"][label]
        np.testing.assert_array_equal(node.cell, relaxed[label]["cell"])
        np.testing.assert_array_equal([site.position for site in node.sites], relaxed[label]["positions"])
        result = outputs["results"]["results"][label]
        assert node.get_cell_volume() == pytest.approx(result["volume"], rel=1e-12)
        assert result["converged"]


def test_a_structure_that_failed_has_no_node_and_does_not_fail_the_job(copy_of, parse):
    folder = copy_of("relax")
    relaxed = json.loads((folder / "relaxed.json").read_text())
    output = json.loads((folder / "output.json").read_text())
    del relaxed["good"]
    output["results"]["good"] = dict.fromkeys(output["results"]["good"]) | {"error": "atoms collided"}
    (folder / "relaxed.json").write_text(json.dumps(relaxed))
    (folder / "output.json").write_text(json.dumps(output))
    status, _, outputs = parse("relax", folder)
    assert status == 0
    assert set(outputs["structures"]) == {"other"}
    assert outputs["results"]["results"]["good"]["error"] == "atoms collided"


def entry(**changes):
    """Return the content of `relaxed.json` with one structure."""
    good = {"symbols": ["Li"], "cell": [[3, 0, 0], [0, 3, 0], [0, 0, 3]], "positions": [[0, 0, 0]]}
    return json.dumps({"good": {**good, **changes}})


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "[]",
        '{"good": 1}',
        '{"good": {"symbols": ["Li"]}}',
        entry(symbols=["Qq"]),
        entry(symbols=["Li", "F"]),
        entry(cell=[[3, 0, 0], [0, 3, 0], [0, 0, 0]]),
        entry(positions=[["a", "b", "c"]]),
    ],
)
def test_damaged_structures(copy_of, parse, content):
    folder = copy_of("relax")
    if content is None:
        (folder / "relaxed.json").unlink()
    else:
        (folder / "relaxed.json").write_text(content)
    status, message, _ = parse("relax", folder)
    assert status == 311
    assert "damaged" in message


def test_a_job_in_which_every_relaxation_exploded_has_an_exit_code_of_its_own(copy_of, parse):
    folder = copy_of("relax")
    output = json.loads((folder / "output.json").read_text())
    failed = {"error": "the relaxation has blown up at step 3", "error_code": "ERROR_EXPLOSION"}
    output["results"] = {label: dict.fromkeys(entry) | failed for label, entry in output["results"].items()}
    (folder / "output.json").write_text(json.dumps(output))
    (folder / "relaxed.json").write_text("{}")
    status, message, _ = parse("relax", folder)
    assert status == 521
    assert "good: the relaxation has blown up at step 3" in message
