"""MD job: what is written and retrieved, and what a continuation copies."""

from aiida import orm

PARAMETERS = {"temperature": 800.0, "timestep": 1.0, "n_steps": 100, "mobile": "Li", "seed": 3, "restart_every": 10}


def test_job(prepare, check_job, model, lithium_fluoride):
    check_job(*prepare("hezsp.md", model=model, structures={"a": lithium_fluoride}, parameters=PARAMETERS))


def test_a_continuation_copies_restart_points_and_finished_trajectories(prepare, localhost, model, lithium_fluoride):
    remote = orm.RemoteData(remote_path="/scratch/ab/cd", computer=localhost).store()
    calc_info, _, _ = prepare(
        "hezsp.md", model=model, structures={"a": lithium_fluoride}, parameters=PARAMETERS, restart_folder=remote
    )
    assert sorted(calc_info.remote_copy_list) == [
        (localhost.uuid, "/scratch/ab/cd/restart", "restart"),
        (localhost.uuid, "/scratch/ab/cd/trajectories", "trajectories"),
    ]
