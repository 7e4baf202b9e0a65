from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ase.io import read

import aiida_hezsp
from aiida_hezsp.errors import ExplosionError, ImageError, ModelFileError
from aiida_hezsp.potential import FinetuneSettings, evaluate, finetune, finetuning
from aiida_hezsp.potential.finetune_settings import SplitSettings
from aiida_hezsp.potential.finetuning import FINAL_RATE, _done_of_schedule, score_of

SETTINGS = FinetuneSettings(
    epochs=12, batch_size=2, micro_batch=2, learning_rate=1e-3, optimizer="Adam", holdout=("Li2O",), seed=3
)
SHORT = replace(SETTINGS, epochs=3, batch_size=4, holdout=())


@pytest.fixture(scope="session")
def few(images):
    """Two crystals, six images each, and a held-out one."""
    return images.of_groups(["LiF", "Li2O", "NiO"])


@pytest.fixture(scope="module")
def result(pbe, few):
    return finetune(pbe, few, SETTINGS)


def test_errors_on_images_that_were_not_trained_on_fall(pbe, r2scan, perturbed, labelled):
    """Ten shaken LZSP cells of 40 atoms with r2SCAN labels, six of them trained on: forces get better everywhere."""
    rng, host = np.random.default_rng(0), read(Path(aiida_hezsp.__file__).parent / "families" / "lzsp" / "host.cif")
    frames = [perturbed(host, rng, strain=0.02, shift=0.08) for _ in range(10)]
    images = labelled(r2scan, frames, "host", magmoms=False)
    result = finetune(pbe, images, replace(SETTINGS, epochs=4, batch_size=1, learning_rate=5e-4, holdout=()))
    before, after = (result.metrics[name]["test"] for name in ("before", "after_best"))
    assert after["force_mae"] < 0.75 * before["force_mae"]
    assert after["stress_mae"] < 0.5 * before["stress_mae"]


def test_the_reference_is_shifted_before_anything_else(result):
    raw, before = (result.metrics[name]["train"] for name in ("before_raw", "before"))
    assert before["energy_mae"] < 0.02 * raw["energy_mae"]
    assert before["force_mae"] == raw["force_mae"]
    assert result.atomref.keys() == {"Li", "F", "Ni", "O"}


def test_the_best_model_is_a_copy_of_its_epoch_and_the_metrics_are_its_own(result, few):
    scores = result.history["validation_score"]
    assert result.best_epoch == 1 + int(np.argmin(scores))
    chosen = few.select(result.split["validation"])
    errors = evaluate(result.best, chosen)["all"]
    assert errors["force_mae"] == pytest.approx(result.history["validation_force_mae"][result.best_epoch - 1], rel=1e-4)
    assert errors["energy_mae"] == pytest.approx(result.metrics["after_best"]["validation"]["energy_mae"], abs=0.01)
    assert evaluate(result.final, chosen)["all"]["force_mae"] == pytest.approx(
        result.metrics["after_final"]["validation"]["force_mae"], rel=1e-4
    )
    assert score_of(errors, SETTINGS.weights) == pytest.approx(min(scores), rel=1e-4)


def test_the_learning_rate_falls_to_the_end_with_four_batches_an_epoch(result):
    rates = result.history["learning_rate"]
    assert len(result.split["train"]) // SETTINGS.batch_size < 10
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == pytest.approx(1e-3, rel=0.05)
    assert FINAL_RATE * 1e-3 <= rates[-1] < 1.2 * FINAL_RATE * 1e-3


@pytest.mark.parametrize("n_batches", [10, 13, 57])
def test_the_schedule_is_that_of_chgnets_trainer_where_it_has_ten_batches(n_batches):
    """The reference is torch's scheduler, stepped after the batches after which the Trainer steps it."""
    epochs, parameter = 3, torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.Adam([parameter], lr=1.0)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10 * epochs, eta_min=FINAL_RATE)
    for epoch in range(epochs):
        for batch in range(n_batches):
            done = _done_of_schedule(epoch * n_batches + batch, n_batches) / epochs
            rate = FINAL_RATE + (1 - FINAL_RATE) * (1 + np.cos(np.pi * done)) / 2
            assert rate == pytest.approx(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if batch + 1 in np.arange(1, 11) * n_batches // 10:
                scheduler.step()


def test_the_given_model_is_not_changed(result, pbe, few):
    from aiida_hezsp.potential import load_model

    assert all(torch.equal(value, pbe.state_dict()[key]) for key, value in load_model("0.3.0").state_dict().items())
    key = "atom_embedding.embedding.weight"
    assert not torch.equal(result.final.state_dict()[key], pbe.state_dict()[key])


def test_predictions_belong_to_the_images(result, few):
    after = result.predictions["after"]
    assert after.forces.shape == few.forces.shape
    errors = np.abs(after.energies - few.energies_per_atom)[result.split["train"]].mean() * 1000
    assert errors == pytest.approx(result.metrics["after_best"]["train"]["energy_mae"])


def test_same_seed_same_result_other_seed_other_result(pbe, few):
    first, again, other = (finetune(pbe, few, replace(SHORT, seed=seed)) for seed in (1, 1, 2))
    assert first.history == again.history
    assert first.split == again.split
    assert first.history["train_loss"] != other.history["train_loss"]


def test_micro_batches_change_nothing_but_rounding(pbe, few):
    losses = [finetune(pbe, few, replace(SHORT, micro_batch=n)).history["train_loss"] for n in (1, 4)]
    assert losses[0] == pytest.approx(losses[1], rel=2e-3)


def test_a_model_that_blows_up_in_validation_is_never_the_best(pbe, few, monkeypatch):
    """The loss is that before the last step, so that only the validation can tell."""
    original = finetuning.predict_images

    def blown_up(network, graphs, **wants):
        predicted = original(network, graphs, **wants)
        of_all = len(graphs) == len(few)
        return predicted if of_all else replace(predicted, forces=np.full_like(predicted.forces, np.nan))

    monkeypatch.setattr(finetuning, "predict_images", blown_up)
    with pytest.raises(ExplosionError, match=r"fine-tuning has blown up in epoch 1, .* forces are not finite"):
        finetune(pbe, few, SHORT)


class KilledError(Exception):
    """Stands for the end of the machine."""


@pytest.mark.parametrize("optimizer", ["RAdam", "Adam"])
def test_a_restart_from_a_checkpoint_changes_nothing(pbe, few, tmp_path, optimizer):
    settings = replace(SHORT, optimizer=optimizer)
    uninterrupted = finetune(pbe, few, settings)
    file = tmp_path / "checkpoint" / "checkpoint.safetensors"
    n_train = len(uninterrupted.split["train"])

    def kill(stage, done, *_):
        if stage == "train" and done > 2 * n_train:
            raise KilledError

    with pytest.raises(KilledError):
        finetune(pbe, few, settings, checkpoint=file, mark="m", report=kill)
    stages = []
    resumed = finetune(pbe, few, settings, checkpoint=file, mark="m", report=lambda stage, *_: stages.append(stage))
    assert stages.count("train") == len(range(0, n_train, 4))  # one epoch of three
    assert resumed.history == uninterrupted.history
    assert resumed.metrics == uninterrupted.metrics
    state = uninterrupted.final.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in resumed.final.state_dict().items())
    with pytest.raises(ModelFileError, match="belongs to another fine-tuning"):
        finetune(pbe, few, settings, checkpoint=file, mark="other")


def test_a_damaged_checkpoint_is_refused(pbe, few, tmp_path):
    file = tmp_path / "checkpoint.safetensors"
    file.write_bytes(b"nothing")
    with pytest.raises(ModelFileError, match="damaged"):
        finetune(pbe, few, SHORT, checkpoint=file)


def test_the_reference_can_be_left_alone(pbe, few):
    result = finetune(pbe, few, replace(SHORT, epochs=1, refit_atomref=False))
    assert result.atomref == {}
    assert result.metrics["before"] == result.metrics["before_raw"]


def test_split_by_composition_needs_compositions(pbe, few):
    with pytest.raises(ImageError, match="2 compositions cannot be divided into 3 sets"):
        finetune(pbe, few, replace(SETTINGS, split=SplitSettings(by="composition")))
