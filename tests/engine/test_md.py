import os
import signal
import time

import numpy as np
import pytest

from aiida_hezsp.engine.md import seed_of
from aiida_hezsp.transport import diffusion_coefficient, mean_squared_displacement, msd_target

SETTINGS = {
    "job": "md",
    "model": "0.3.0",
    "temperature": 500,
    "n_steps": 40,
    "record_every": 2,
    "frames_every": 20,
    "restart_every": 10,
    "seed": 3,
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
    assert result["temperature_mean"] == pytest.approx(arrays["temperatures"][10:].mean())
    assert result["steps_per_s"] > 0
    assert output["results"]["b"]["n_mobile"] == 2
    assert "md a 40/40 steps" in done.stdout


def test_neighbours_and_workers_do_not_matter(folder, fluoride, lithia, tmp_path_factory):
    folder.structures(a=fluoride, b=lithia).write(**SETTINGS, workers=2)
    folder.call("md")
    alone = type(folder)(tmp_path_factory.mktemp("alone"))
    alone.structures(a=fluoride).write(**SETTINGS)
    alone.call("md")
    assert_identical(trajectory(alone, "a"), trajectory(folder, "a"))
    assert seed_of(3, "a") != seed_of(3, "b") != seed_of(4, "b")


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
