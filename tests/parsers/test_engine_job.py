"""What all parsers share: the results, and an exit code with one line where something is wrong."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiida_hezsp.errors import HezspError
from aiida_hezsp.parsers.engine_job import read_arrays

KINDS = ["relax", "md", "finetune", "evaluate", "sfmsd-train"]


def rewrite(folder, change):
    """Change `output.json`."""
    path = folder / "output.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("kind", KINDS)
def test_results_are_what_the_engine_reported(job, parse, kind):
    status, _, outputs = parse(kind, job(kind))
    assert status == 0
    reported = json.loads((job(kind) / "output.json").read_text())
    found = outputs["results"].get_dict()
    assert found["job"] == kind
    assert set(found) - set(reported) == (set() if kind == "sfmsd-train" else {"model"})
    assert {"aiida-hezsp", "python", "numpy"} <= set(found["versions"])
    assert found["wall_time_s"] == reported["wall_time_s"]


def test_the_model_of_a_job_stands_in_its_results(job, parse, chgnet_file):
    from aiida_hezsp.potential.model_file import sha256_of

    results = parse("relax", job("relax"))[2]["results"]
    assert results["model"] == {"name": "0.3.0", "sha256": sha256_of(chgnet_file), "label_engines": ["vasp 6.4.2"]}
    assert results["model"]["sha256"] == results["model_sha256"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_output(parse, tmp_path, kind):
    status, message, outputs = parse(kind, tmp_path)
    assert status == 310
    assert "ended before it wrote its output" in message
    assert not outputs


@pytest.mark.parametrize("content", ["", "{", '{"results": {', "[1, 2]", "null", '"text"', "3", '{"results": NaN}'])
def test_a_damaged_output(copy_of, parse, content):
    folder = copy_of("relax")
    (folder / "output.json").write_text(content)
    status, message, outputs = parse("relax", folder)
    assert status == 311
    assert "output.json" in message
    assert "results" not in outputs


def test_an_output_that_is_no_text(copy_of, parse):
    folder = copy_of("relax")
    (folder / "output.json").write_bytes(b"\xff\xfe\x00{")
    status, message, _ = parse("relax", folder)
    assert status == 311
    assert "output.json" in message


def test_an_output_without_its_results(copy_of, parse):
    folder = copy_of("md")
    rewrite(folder, lambda content: content.pop("results"))
    status, message, _ = parse("md", folder)
    assert status == 311
    assert "results" in message


@pytest.mark.parametrize("kind", KINDS)
def test_the_error_of_the_engine_is_passed_on(parse, tmp_path, kind):
    error = {"error": {"code": "ERROR_INPUT", "message": "input.json: fmax: Input should be greater than 0"}}
    (tmp_path / "output.json").write_text(json.dumps(error))
    status, message, outputs = parse(kind, tmp_path)
    assert status == 320
    assert message == "The engine refused the job: input.json: fmax: Input should be greater than 0"
    assert not outputs


@pytest.mark.parametrize("error", ["a line", {"code": "ERROR_X"}, {"message": 3}, None])
def test_an_error_of_another_form_is_damage(parse, tmp_path, error):
    (tmp_path / "output.json").write_text(json.dumps({"error": error}))
    assert parse("relax", tmp_path)[0] == 311


def test_all_failed(copy_of, parse):
    folder = copy_of("relax")

    def fail(content):
        for label, entry in content["results"].items():
            content["results"][label] = dict.fromkeys(entry) | {"error": "an atom left the cell"}

    rewrite(folder, fail)
    (folder / "relaxed.json").write_text("{}")
    status, message, outputs = parse("relax", folder)
    assert status == 510
    assert message == "Not one structure could be finished: good: an atom left the cell"
    assert set(outputs) == {"results"}


def test_text_arrays_become_bytes_and_come_back(tmp_path):
    np.savez(tmp_path / "a.npz", names=np.array(["Li", "é"]), numbers=np.arange(3))
    node = read_arrays(tmp_path / "a.npz")
    assert np.char.decode(node.get_array("names"), "utf8").tolist() == ["Li", "é"]
    assert node.get_array("numbers").tolist() == [0, 1, 2]


def test_pickled_arrays_are_not_loaded(tmp_path):
    np.savez(tmp_path / "a.npz", planted=np.array([{"any": "object"}], dtype=object))
    with pytest.raises(HezspError, match=r"a\.npz is missing or damaged: .*allow_pickle"):
        read_arrays(tmp_path / "a.npz")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_npz_file_with_a_flipped_bit_is_read_or_refused(tmp_path, data):
    """Nothing else escapes: not zlib's, not numpy's, not the tokenizer's own errors."""
    path = tmp_path / "a.npz"
    np.savez_compressed(path, numbers=np.arange(40.0), names=np.array(["Li", "F"]))
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(bytes(content))
    with contextlib.suppress(HezspError):
        read_arrays(path)


@pytest.mark.parametrize("code", ["ERROR_MEMORY", "ERROR_UNEXPECTED"])
def test_what_the_machine_did_is_no_refusal(parse, tmp_path, code):
    error = {"code": code, "message": "OSError: [Errno 28] No space left on device"}
    (tmp_path / "output.json").write_text(json.dumps({"error": error}))
    status, message, outputs = parse("relax", tmp_path)
    assert status == 321
    assert message == "The engine broke down: OSError: [Errno 28] No space left on device"
    assert not outputs
