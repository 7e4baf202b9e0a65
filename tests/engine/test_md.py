import os
import random
import re
import signal
import time
from dataclasses import asdict

import numpy as np
import pytest
from ase import Atoms

from aiida_hezsp.engine.md import seed_of
from aiida_hezsp.transport import (
    diffusion_coefficient,
    diffusion_error,
    diffusion_posterior,
    mean_squared_displacement,
    msd_target,
)

SETTINGS = {
    "job": "md",
    "model": "0.3.0",
    "temperature": 500,
    "n_steps": 40,
    "record_every": 2,
    "frames_every": 20,
    "restart_every": 10,
    "seed": 3,
    "max_temperature_factor": 20,  # three atoms fluctuate
}


def trajectory(folder, label):
    with np.load(folder.path / "trajectories" / f"{label}.npz", allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def assert_identical(first, second):
    assert first.keys() == second.keys()
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name], err_msg=name)


def test_runs_and_reports(folder, fluoride, lithia):
    sodium = fluoride.copy()
    sodium.symbols[[0, 2]] = "Na"
    folder.structures(a=fluoride, b=lithia, none=sodium).write(**SETTINGS, workers=2)
    done = folder.run("md")
    assert done.returncode == 0, done.stderr
    output = folder.output
    assert output["seed"] == 3
    assert output["results"]["none"]["error"] == "the structure NaFNaF holds no mobile Li"
    arrays = trajectory(folder, "a")
    result = output["results"]["a"]
    assert arrays["positions"].shape == (21, 2, 3)
    assert arrays["frames"].shape == (3, 4, 3)
    np.testing.assert_allclose(arrays["msd"], mean_squared_displacement(arrays["positions"]))
    assert result["msd"] == pytest.approx(msd_target(arrays["msd"], (0.2, 0.8)))
    assert result["diffusion_coefficient"] == pytest.approx(diffusion_coefficient(arrays["msd"], arrays["times"]))
    assert (result["length_ps"], result["n_mobile"], result["n_steps"]) == (0.04, 2, 40)
    assert result["volume"] == pytest.approx(fluoride.get_volume())
    assert result["msd_error"] > 0
    assert result["diffusion"] == asdict(diffusion_posterior(arrays["positions"], arrays["times"], 2000.0))
    assert result["diffusion_coefficient_error"] == pytest.approx(diffusion_error(arrays["positions"], arrays["times"]))
    assert output["temperature"] == SETTINGS["temperature"]
    assert result["temperature_mean"] == pytest.approx(arrays["temperatures"][10:].mean())
    assert result["steps_per_s"] > 0
    assert output["results"]["b"]["n_mobile"] == 2
    assert output["left_out"] == {"none": "the structure NaFNaF holds no mobile Li"}
    assert (output["device"], output["batch_size"]) == ("cpu", 1)
    assert "md none failed: the structure NaFNaF holds no mobile Li" in done.stdout
    assert "of 3 done)" in done.stdout


def test_neighbours_and_workers_do_not_matter(folder, fluoride, lithia, tmp_path_factory):
    folder.structures(a=fluoride, b=lithia).write(**SETTINGS, workers=2)
    folder.call("md")
    alone = type(folder)(tmp_path_factory.mktemp("alone"))
    alone.structures(a=fluoride).write(**SETTINGS)
    alone.call("md")
    assert_identical(trajectory(alone, "a"), trajectory(folder, "a"))
    assert seed_of(3, "a") != seed_of(3, "b") != seed_of(4, "b")


OVERLAP = Atoms("LiF", positions=[[0, 0, 0], [0.25, 0, 0]], cell=[5, 5, 5], pbc=True)


def test_a_job_in_which_every_run_explodes_has_an_exit_status_of_its_own(folder, fluoride):
    folder.structures(bad=OVERLAP, worse=OVERLAP).write(**SETTINGS)
    assert folder.call("md") == 3
    output = folder.output
    message = "the run has blown up at step 0: Li 1 and F 2 are 0.25 A apart, closer than 0.5 A"
    assert output["left_out"] == {"bad": message, "worse": message}
    assert output["results"]["bad"] == dict.fromkeys(output["results"]["bad"]) | {
        "error": message,
        "error_code": "ERROR_EXPLOSION",
    }
    folder.structures(bad=OVERLAP, good=fluoride)
    assert folder.call("md") == 0
    assert list(folder.output["left_out"]) == ["bad"]
    assert folder.output["results"]["good"]["msd"] > 0


def test_guards_are_settings(folder, fluoride):
    folder.structures(a=fluoride).write(**SETTINGS, max_displacement=0.01)
    assert folder.call("md") == 3
    error = folder.output["results"]["a"]["error"]
    assert re.match(r"the run has blown up at step \d+: F \d is lost, 0\.0 A from its place, beyond 0\.01 A", error)


def test_killed_at_any_moments_the_end_is_bit_identical(folder, fluoride, lithia, tmp_path_factory):
    """SIGKILL at five random moments, restart files written at every step: many fall into the writing of one."""
    settings = {**SETTINGS, "n_steps": 4000, "restart_every": 1, "workers": 2}
    folder.structures(a=fluoride, b=lithia).write(**settings)
    rng, first = random.Random(7), folder.path / "restart" / "a.npz"
    for _ in range(5):
        before, process = _mark(first), folder.start("md")
        deadline = time.monotonic() + 300
        while _mark(first) == before:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.5))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=120)
        assert process.returncode == -9
    steps = max(int(np.load(file)["step"]) for file in first.parent.glob("*.npz"))
    settings = {**settings, "n_steps": max(steps + 10, 40), "workers": 1, "restart_every": 1000}
    folder.write(**settings)
    assert folder.call("md") == 0
    assert not list(first.parent.glob(".*.part"))  # what was being written when the machine ended
    whole = type(folder)(tmp_path_factory.mktemp("whole"))
    whole.structures(a=fluoride, b=lithia).write(**settings)
    whole.call("md")
    for label in "ab":
        assert_identical(trajectory(folder, label), trajectory(whole, label))


def _mark(path):
    return path.stat().st_mtime_ns if path.exists() else None


def test_a_killed_job_keeps_the_runs_it_had_finished(folder, fluoride, lithia, capsys):
    settings = {**SETTINGS, "n_steps": 30}
    folder.structures(a=fluoride).write(**settings)
    assert folder.call("md") == 0
    first = folder.output["results"]["a"]
    folder.structures(a=fluoride, b=lithia)
    capsys.readouterr()
    assert folder.call("md") == 0
    printed = capsys.readouterr().out
    assert "md a " not in printed
    assert "(2 of 2 done)" in printed
    assert folder.output["results"]["a"] == first


@pytest.mark.parametrize(("how", "workers"), [(signal.SIGTERM, 1), (signal.SIGTERM, 2), (signal.SIGKILL, 2)])
def test_a_killed_job_continues_to_the_identical_end(folder, fluoride, lithia, tmp_path_factory, how, workers):
    settings = {**SETTINGS, "n_steps": 5000, "restart_every": 5, "workers": workers}
    process = folder.structures(a=fluoride, b=lithia).write(**settings).start("md")
    restart = folder.path / "restart" / "a.npz"
    deadline = time.monotonic() + 120
    while not restart.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, how)
    process.communicate(timeout=30)  # it returns when no process holds the output any more: workers have ended, too
    assert process.returncode == (143 if how == signal.SIGTERM else -9)
    assert restart.exists()
    assert not (folder.path / "output.json").exists()
    assert not (folder.path / "trajectories" / "b.npz").exists()
    steps = max(int(np.load(file)["step"]) for file in restart.parent.glob("*.npz"))
    settings = {**settings, "n_steps": steps + 20, "workers": 1}
    folder.write(**settings)
    assert folder.call("md") == 0
    whole = type(folder)(tmp_path_factory.mktemp("whole"))
    whole.structures(a=fluoride, b=lithia).write(**settings)
    whole.call("md")
    for label in "ab":
        assert_identical(trajectory(folder, label), trajectory(whole, label))


def test_a_window_without_frames_is_refused_before_the_run(folder, fluoride):
    folder.structures(a=fluoride).write(**{**SETTINGS, "record_every": 40})
    assert folder.call("md") == 1
    assert "record more often" in folder.output["error"]["message"]
