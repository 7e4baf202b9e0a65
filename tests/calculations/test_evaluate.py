"""Evaluation job: what is written and retrieved."""

from aiida_hezsp.data import ImageData


def test_job(prepare, check_job, model, images):
    node = ImageData(images)
    prepared = prepare("hezsp.evaluate", model=model, images=node, parameters={"threads": 1})
    check_job(*prepared)
    assert (prepared[1] / "images.npz").read_bytes() == node.get_content(mode="rb")
    assert (prepared[1] / "model.safetensors").read_bytes() == model.get_content(mode="rb")
