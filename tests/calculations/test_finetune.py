"""Fine-tuning job: what is written and retrieved, and what a continuation copies."""

from aiida import orm

from aiida_hezsp.data import ImageData

PARAMETERS = {"epochs": 3, "batch_size": 2, "micro_batch": 1, "learning_rate": 0.001, "holdout": ["LiF"], "seed": 5}


def test_job(prepare, check_job, model, images):
    node = ImageData(images)
    prepared = prepare("hezsp.finetune", model=model, images=node, parameters=PARAMETERS)
    check_job(*prepared)
    assert (prepared[1] / "images.npz").read_bytes() == node.get_content(mode="rb")


def test_a_continuation_copies_the_checkpoint(prepare, localhost, model, images):
    remote = orm.RemoteData(remote_path="/scratch/ab/cd", computer=localhost).store()
    calc_info, _, _ = prepare(
        "hezsp.finetune", model=model, images=ImageData(images), parameters=PARAMETERS, restart_folder=remote
    )
    assert calc_info.remote_copy_list == [(localhost.uuid, "/scratch/ab/cd/checkpoint", "checkpoint")]
