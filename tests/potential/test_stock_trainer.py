"""Our fine-tuning beside chgnet's own `Trainer`: its loss, optimiser and schedule, on the same batches."""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ase.io import read
from chgnet.trainer import Trainer

import aiida_hezsp
from aiida_hezsp.potential import FinetuneSettings, ImageSet
from aiida_hezsp.potential.finetune_settings import SplitSettings
from aiida_hezsp.potential.finetuning import _Trainer
from aiida_hezsp.potential.stock import stock_graph

STEPS, EPOCHS = 20, 2
SETTINGS = FinetuneSettings(
    epochs=EPOCHS, batch_size=2, refit_atomref=False, split=SplitSettings(train=0.8, validation=0.1, test=0.1)
)


def our_losses(model, images, settings):
    """Return the loss of every update, and the batches."""
    n = settings.batch_size * STEPS // EPOCHS
    split = {"train": list(range(n)), "validation": [n]}
    trainer = _Trainer(copy.deepcopy(model), images, settings, split, lambda *_: None)
    trainer.start(np.zeros(94))
    losses, batches = [], []
    for _ in range(EPOCHS):
        order = trainer._order()
        for begin in range(0, n, settings.batch_size):
            batches.append(order[begin : begin + settings.batch_size])
            losses.append(trainer._update(batches[-1]))
        trainer.progress.epoch += 1
    return losses, batches


def stock_losses(model, images, settings, batches, folder):
    """Return what the Trainer's loss was at every step on these batches."""
    model = copy.deepcopy(model)
    trainer = Trainer(
        model=model,
        targets="efsm",
        optimizer=settings.optimizer,
        scheduler="CosLR",
        criterion=settings.loss,
        epochs=EPOCHS,
        learning_rate=settings.learning_rate,
        use_device="cpu",
    )
    losses = []
    trainer.criterion.register_forward_hook(
        lambda _, __, out: losses.append(float(out["loss"].detach())) if model.training else None
    )
    loader = [stock_batch(model, images, batch) for batch in batches]
    half = len(loader) // EPOCHS
    passes = iter([loader[:half], loader[half:]])

    class Loader:
        """Another order of the images in every epoch, as a shuffling loader has it."""

        def __len__(self):
            return half

        def __iter__(self):
            return iter(next(passes))

    trainer.train(Loader(), [loader[0]], save_dir=str(folder))
    return losses


def stock_batch(model, images, batch):
    """Return graphs and labels as the Trainer wants them."""
    spans = [slice(images.offsets[i], images.offsets[i + 1]) for i in batch]
    graphs = [
        stock_graph(model, images.numbers[span], images.positions[span], images.cells[i])
        for i, span in zip(batch, spans, strict=True)
    ]
    single = {"dtype": torch.float32}
    return graphs, {
        "e": torch.tensor(images.energies_per_atom[batch], **single),
        "f": [torch.tensor(images.forces[span], **single) for span in spans],
        "s": [torch.tensor(images.stresses[i], **single) for i in batch],
        "m": [torch.tensor(images.magmoms[span], **single) for span in spans],
    }


def compare(model, images, settings, folder):
    ours, batches = our_losses(model, images, settings)
    stock = stock_losses(model, images, settings, batches, folder)
    assert len(ours) == len(stock) == STEPS
    assert max(stock) > 1.1 * min(stock)
    assert ours == pytest.approx(stock, rel=1e-3)


@pytest.mark.parametrize(("optimizer", "loss"), [("Adam", "MSE"), ("RAdam", "Huber")])
def test_twenty_losses_are_those_of_chgnets_trainer(pbe, images, tmp_path, optimizer, loss):
    mixed = images.select(np.random.default_rng(0).permutation(len(images)))
    compare(pbe, mixed, replace(SETTINGS, optimizer=optimizer, loss=loss), tmp_path)


@pytest.mark.slow
def test_twenty_losses_on_lzsp_are_those_of_chgnets_trainer(pbe, r2scan, perturbed, labelled, tmp_path):
    rng, host = np.random.default_rng(0), read(Path(aiida_hezsp.__file__).parent / "families" / "lzsp" / "host.cif")
    frames = [perturbed(host, rng, strain=0.02, shift=0.08) for _ in range(21)]
    images = ImageSet.concatenate([labelled(r2scan, frames, "host", magmoms=True)])
    compare(pbe, images, replace(SETTINGS, optimizer="RAdam"), tmp_path)
