"""Fine-tuned models and predictions; models are marked by what labelled their data and their ancestors'."""

import numpy as np
import pytest

from aiida_hezsp.potential.model_file import sha256_of


def test_models_are_the_engines_and_marked(job, parse):
    status, _, outputs = parse("finetune", job("finetune"))
    assert status == 0
    for link, file in (("model", "final"), ("best_model", "best")):
        node = outputs[link]
        assert node.sha256 == sha256_of(job("finetune") / f"{file}.safetensors")
        assert node.name == f"finetuned-{file}"
        assert node.info["kept"] == file
        # the parent had learnt from VASP, the images are the stand-in's: both stay visible
        assert node.label_engines == ["standin chgnet-r2scan", "vasp 6.4.2"]


def test_predictions_cover_every_image(job, parse, image_set):
    predictions = parse("finetune", job("finetune"))[2]["predictions"]
    assert {"reference", "before", "after"} <= {name.partition("_")[0] for name in predictions.get_arraynames()}
    np.testing.assert_allclose(predictions.get_array("reference_energies"), image_set.energies_per_atom)
    splits = np.char.decode(predictions.get_array("split"), "utf8")
    assert len(splits) == len(image_set)
    assert set(splits) == {"train", "validation", "test"}


def test_errors_before_and_after_are_in_the_results(job, parse):
    metrics = parse("finetune", job("finetune"))[2]["results"]["metrics"]
    for stage in ("before", "after_best", "after_final"):
        assert metrics[stage]["test"]["force_mae"] > 0


@pytest.mark.parametrize("name", ["final.safetensors", "best.safetensors", "predictions.npz"])
@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_damaged_file(copy_of, parse, name, damage):
    path = copy_of("finetune") / name
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-100])
    status, message, _ = parse("finetune", path.parent)
    assert status == 311
    assert name in message
