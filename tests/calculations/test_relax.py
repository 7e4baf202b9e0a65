"""Relaxation job: what is written and retrieved."""

import json

from aiida import orm


def test_job(prepare, check_job, model, lithium_fluoride):
    structures = {"b": lithium_fluoride, "a": lithium_fluoride}
    parameters = {"fmax": 0.05, "max_steps": 100, "optimizer": "FIRE", "relax_cell": True, "threads": 1, "workers": 2}
    prepared = prepare("hezsp.relax", model=model, structures=structures, parameters=parameters)
    check_job(*prepared)
    written = json.loads((prepared[1] / "structures.json").read_text())
    assert list(written) == ["a", "b"]
    assert written["a"] == {
        "symbols": ["Li", "F"],
        "cell": [[0.0, 2.0, 2.0], [2.0, 0.0, 2.0], [2.0, 2.0, 0.0]],
        "positions": [[0.0, 0.0, 0.0], [2.0, 2.0, 2.0]],
    }


def test_a_continuation_copies_what_was_finished(prepare, localhost, model, lithium_fluoride):
    remote = orm.RemoteData(remote_path="/scratch/ab/cd", computer=localhost).store()
    calc_info, _, _ = prepare(
        "hezsp.relax", model=model, structures={"a": lithium_fluoride}, parameters={}, restart_folder=remote
    )
    assert calc_info.remote_copy_list == [(localhost.uuid, "/scratch/ab/cd/restart", "restart")]
