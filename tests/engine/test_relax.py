import json
import os
import signal
import time

import numpy as np
import pytest
from ase import Atoms

from aiida_hezsp.engine.structures import read_structures
from aiida_hezsp.potential import FastCHGNetCalculator

OVERLAP = Atoms("LiF", positions=[[0, 0, 0], [0.01, 0, 0]], cell=[4, 4, 4], pbc=True)


def test_relaxes_reports_failures_and_keeps_neighbours(folder, lithia, fluoride):
    folder.structures(a=lithia, bad=OVERLAP, b=fluoride).write(job="relax", model="0.3.0", fmax=0.1, workers=2)
    done = folder.run("relax")
    assert done.returncode == 0, done.stderr
    output = folder.output
    assert output["job"] == "relax"
    assert output["versions"].keys() >= {"aiida-hezsp", "torch", "chgnet", "ase", "numpy", "python"}
    assert (output["threads"], output["workers"]) == (1, 2)
    assert len(output["model_sha256"]) == 64
    assert output["wall_time_s"] > 0
    assert output["results"]["bad"]["error"] == "atoms 1 and 2 are closer than 0.1 A"
    assert output["results"]["bad"]["energy"] is None
    assert list(output["results"]) == ["a", "bad", "b"]
    relaxed = read_structures(folder.path / "relaxed.json")
    assert list(relaxed) == ["a", "b"]
    for label, atoms in relaxed.items():
        result = output["results"][label]
        assert result["error"] is None
        assert result["converged"]
        assert result["fmax"] <= 0.1
        assert result["volume"] == pytest.approx(atoms.get_volume())
        atoms.calc = FastCHGNetCalculator("0.3.0", threads=1)
        assert atoms.get_potential_energy() == pytest.approx(result["energy"], abs=1e-4)
        assert result["energy_per_atom"] == pytest.approx(result["energy"] / len(atoms))
    assert "relax a converged in" in done.stdout
    assert "relax bad failed: atoms 1 and 2" in done.stdout


def test_a_job_that_runs_again_keeps_what_was_finished(folder, lithia, fluoride, capsys):
    settings = {"job": "relax", "model": "0.3.0", "fmax": 0.2}
    folder.structures(a=lithia).write(**settings)
    assert folder.call("relax") == 0
    first = folder.output["results"]["a"]
    folder.structures(a=lithia, b=fluoride)
    capsys.readouterr()
    assert folder.call("relax") == 0
    assert folder.output["results"]["a"] == first
    assert "relax a" not in capsys.readouterr().out
    assert list(read_structures(folder.path / "relaxed.json")) == ["a", "b"]
    folder.write(**{**settings, "fmax": 0.05})  # another question: nothing is reused
    assert folder.call("relax") == 0
    assert "relax a converged" in capsys.readouterr().out


def test_a_relaxation_killed_halfway_goes_on_from_its_last_geometry(folder, zirconate, tmp_path_factory):
    """SIGKILL of the real process, twice; what was done is not done again, and the minimum is the same."""
    settings = {"job": "relax", "model": "0.3.0", "fmax": 0.01, "max_steps": 400, "restart_every": 1}
    folder.structures(a=zirconate).write(**settings)
    file, steps = folder.path / "restart" / "a.npz", [0]
    for _ in range(2):
        process = folder.start("relax")
        deadline = time.monotonic() + 300
        while not (file.exists() and (now := int(np.load(file)["step"])) >= steps[-1] + 5):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        assert process.returncode == -9
        steps.append(now)
    assert file.stat().st_size < 4000
    assert folder.call("relax") == 0
    resumed = folder.output["results"]["a"]
    whole = type(folder)(tmp_path_factory.mktemp("whole"))
    whole.structures(a=zirconate).write(**settings)
    assert whole.call("relax") == 0
    expected = whole.output["results"]["a"]
    assert resumed["converged"]
    assert resumed["n_steps"] > steps[2] >= steps[1] + 5 >= 10
    assert resumed["n_steps"] < expected["n_steps"] + 25  # the optimiser learns anew, twice
    assert resumed["energy_per_atom"] == pytest.approx(expected["energy_per_atom"], abs=5e-4)
    assert not file.exists()


def test_a_job_in_which_every_relaxation_explodes(folder, fluoride):
    crushed = fluoride.copy()
    crushed.set_cell(crushed.cell.array * 0.5, scale_atoms=True)
    folder.structures(bad=crushed).write(job="relax", model="0.3.0", max_steps=300)
    assert folder.call("relax") == 3
    assert folder.output["results"]["bad"]["error_code"] == "ERROR_EXPLOSION"
    assert list(folder.output["left_out"]) == ["bad"]


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        ({"model": "0.9.9"}, "ERROR_MODEL_FILE", "bundled models are 0.2.0, 0.3.0, r2scan"),
        ({"model": "broken.safetensors"}, "ERROR_MODEL_FILE", "damaged or not a safetensors file"),
        ({"model": "../model.safetensors"}, "ERROR_MODEL_FILE", "is not in the folder"),
        ({"structures": "nothing.json"}, "ERROR_INPUT", "nothing.json is not in the folder"),
        ({"structures": "wrong.json"}, "ERROR_STRUCTURE", "structure a: CHGNet knows no element Xx"),
        ({"f_max": 0.1}, "ERROR_INPUT", "f_max is not a setting of this job; it has batch_size, device, fmax, job"),
        ({"fmax": -1}, "ERROR_INPUT", "fmax: Input should be greater than 0, but -1 was given"),
        ({"optimizer": "Newton"}, "ERROR_INPUT", "optimizer: Input should be 'LBFGS'"),
        ({"job": "md"}, "ERROR_INPUT", "job is 'md', where 'relax' is asked for"),
    ],
)
def test_wrong_input_is_reported_in_one_line(folder, lithia, settings, code, message):
    folder.structures(a=lithia).write(**{"job": "relax", "model": "0.3.0", **settings})
    (folder.path / "broken.safetensors").write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00nothing")
    wrong = {"a": {"symbols": ["Xx"], "cell": [[3, 0, 0], [0, 3, 0], [0, 0, 3]], "positions": [[0, 0, 0]]}}
    (folder.path / "wrong.json").write_text(json.dumps(wrong))
    assert folder.call("relax") == 1
    error = folder.output["error"]
    assert error["code"] == code
    assert message in error["message"]
    assert "\n" not in error["message"]


def test_a_model_with_foreign_tensors_fails_the_job_not_the_structures(folder, lithia, fluoride):
    from aiida_hezsp.potential import load_model, save_model

    path = folder.path / "model.safetensors"
    save_model(path, load_model("0.3.0"))
    content = path.read_bytes()
    path.write_bytes(content[:-4] + b"\x00\x00\xc0\x7f")  # a NaN among the weights
    folder.structures(a=lithia, b=fluoride).write(job="relax", model="model.safetensors", workers=2)
    assert folder.call("relax") == 1
    assert folder.output["error"]["code"] == "ERROR_MODEL_FILE"
    assert "not finite" in folder.output["error"]["message"]


def test_missing_input_file(folder):
    done = folder.run("relax")
    assert done.returncode == 1
    assert "input.json is not in the folder" in folder.output["error"]["message"]
    assert done.stderr.count("\n") == 1
