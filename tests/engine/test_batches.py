"""Jobs whose structures are evaluated together, tried on the CPU: the results of one a process, failures apart."""

import os
import signal
import time

import numpy as np
import pytest
from ase import Atoms

SETTINGS = {"model": "0.3.0", "device": "cpu", "batch_size": 3}
MD = {"job": "md", "temperature": 500, "n_steps": 20, "record_every": 2, "seed": 3, **SETTINGS}
OVERLAP = Atoms("LiF", positions=[[0, 0, 0], [0.25, 0, 0]], cell=[5, 5, 5], pbc=True)


def test_relaxations_in_batches_end_where_they_end_alone(folder, lithia, fluoride, tmp_path_factory):
    settings = {"job": "relax", "fmax": 0.1, **SETTINGS}
    folder.structures(a=lithia, b=fluoride, bad=OVERLAP, c=lithia).write(**settings)
    assert folder.call("relax") == 0
    output = folder.output
    assert (output["device"], output["batch_size"]) == ("cpu", 3)
    alone = type(folder)(tmp_path_factory.mktemp("alone"))
    alone.structures(a=lithia, b=fluoride).write(**settings | {"batch_size": None})
    assert alone.call("relax") == 0
    assert alone.output["batch_size"] == 1
    for label, result in alone.output["results"].items():
        assert output["results"][label]["converged"]
        assert output["results"][label]["energy_per_atom"] == pytest.approx(result["energy_per_atom"], abs=1e-4)
    assert output["results"]["c"]["energy"] == pytest.approx(output["results"]["a"]["energy"], abs=1e-3)


def test_md_in_batches_and_an_explosion_among_them(folder, lithia, fluoride, tmp_path_factory):
    folder.structures(a=lithia, bad=OVERLAP, b=fluoride, c=fluoride).write(**MD)
    assert folder.call("md") == 0
    output = folder.output
    assert list(output["left_out"]) == ["bad"]
    assert output["results"]["bad"]["error_code"] == "ERROR_EXPLOSION"
    alone = type(folder)(tmp_path_factory.mktemp("alone"))
    alone.structures(b=fluoride).write(**MD | {"batch_size": None})
    assert alone.call("md") == 0
    together, single = (np.load(one.path / "trajectories" / "b.npz")["positions"] for one in (folder, alone))
    np.testing.assert_allclose(together, single, atol=1e-4)


def test_a_job_in_batches_ends_at_sigterm_and_goes_on(folder, lithia, fluoride):
    settings = {**MD, "n_steps": 5000, "restart_every": 5}
    process = folder.structures(a=lithia, b=fluoride).write(**settings).start("md")
    files = [folder.path / "restart" / f"{label}.npz" for label in "ab"]
    deadline = time.monotonic() + 300
    while not all(file.exists() for file in files) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGTERM)
    process.communicate(timeout=120)
    assert process.returncode == 143
    steps = max(int(np.load(file)["step"]) for file in files)
    folder.write(**settings | {"n_steps": steps + 10})
    assert folder.call("md") == 0
    assert [folder.output["results"][label]["n_steps"] for label in "ab"] == [steps + 10] * 2


def test_cuda_that_is_not_there_is_one_line(folder, lithia, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)  # a machine with a GPU has it hidden
    folder.structures(a=lithia).write(**{**MD, "device": "cuda"})
    assert folder.call("md") == 1
    assert folder.output["error"] == {
        "code": "ERROR_INPUT",
        "message": "device is 'cuda', but torch finds no CUDA device here: choose auto or cpu",
    }
