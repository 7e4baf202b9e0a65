"""Fine-tune with chgnet's `Trainer` as its users do, with a clock."""

import copy
import math
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from aiida_hezsp.potential.benchmarks.contenders import hush, quiet
from aiida_hezsp.potential.benchmarks.image_clock import ImageClock
from aiida_hezsp.potential.finetune_settings import FinetuneSettings
from aiida_hezsp.potential.images import ImageSet
from aiida_hezsp.potential.splits import split_images

if TYPE_CHECKING:
    from chgnet.data.dataset import StructureData
    from chgnet.model import CHGNet

__all__ = ("train_stock",)

KBAR_PER_GPA = -10.0  # VASP's unit and sign, which chgnet's datasets expect


def train_stock(model: "CHGNet", images: ImageSet, settings: FinetuneSettings, clock: ImageClock) -> list[float]:
    """Fine-tune a copy of the model; return the mean loss of every epoch.

    Graphs are made before the clock starts; chgnet's dataset keeps them.

    Args:
        model: to start from.
        images: all with stress and moments.
        settings: epochs, batch size, learning rate (constant), optimiser, loss, weights, split and seed are those of
            `finetune`; the order of the images is, too.
        clock: marked after every update.
    """
    from chgnet.data.dataset import collate_graphs
    from torch.utils.data import DataLoader, Subset

    hush()
    split = split_images(images.groups, settings.split, settings.seed)
    with quiet():
        data = _dataset(model, images)
        for index in range(len(images)):
            data[index]
        order = _Order(split["train"], settings.seed)
        train = DataLoader(data, settings.batch_size, sampler=order, collate_fn=collate_graphs)
        validation = DataLoader(Subset(data, split["validation"]), settings.batch_size, collate_fn=collate_graphs)
        trainer = _trainer(copy.deepcopy(model), settings)
        losses = _listen(trainer, clock, settings.batch_size, len(order))
        with tempfile.TemporaryDirectory() as folder:  # chgnet always writes checkpoints
            trainer.train(train, validation, save_dir=folder)
    batches = math.ceil(len(order) / settings.batch_size)
    return [float(np.mean(losses[begin : begin + batches])) for begin in range(0, len(losses), batches)]


class _Order:
    """The training images, shuffled anew in every epoch as `finetune` does."""

    def __init__(self, indices: list[int], seed: int) -> None:
        self.indices, self.seed, self.epoch = indices, seed, 0

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng([self.seed, self.epoch])
        self.epoch += 1
        return iter(rng.permutation(self.indices).tolist())


def _dataset(model: "CHGNet", images: ImageSet) -> "StructureData":
    """Return the images as chgnet wants them."""
    from chgnet.data.dataset import StructureData
    from pymatgen.core import Lattice, Structure

    rows = [images.rows(index) for index in range(len(images))]
    structures = [
        Structure(Lattice(cell), images.numbers[row], images.positions[row], coords_are_cartesian=True)
        for cell, row in zip(images.cells, rows, strict=True)
    ]
    return StructureData(
        structures,
        images.energies_per_atom.tolist(),
        [images.forces[row] for row in rows],
        stresses=list(images.stresses * KBAR_PER_GPA),
        magmoms=[images.magmoms[row] for row in rows],
        graph_converter=model.graph_converter,
        shuffle=False,
    )


def _trainer(model: "CHGNet", settings: FinetuneSettings) -> Any:
    """Return chgnet's trainer with the settings of ours."""
    from chgnet.trainer import Trainer

    return Trainer(
        model,
        targets="efsm",
        energy_loss_ratio=settings.weights.energy,
        force_loss_ratio=settings.weights.forces,
        stress_loss_ratio=settings.weights.stress,
        mag_loss_ratio=settings.weights.magmoms,
        optimizer=settings.optimizer,
        scheduler="ExponentialLR",
        scheduler_params={"gamma": 1.0},  # constant
        criterion=settings.loss,
        epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        use_device="cpu",
    )


def _listen(trainer: Any, clock: ImageClock, batch_size: int, images: int) -> list[float]:
    """Mark every update on the clock; return the list that gets the loss of each."""
    losses: list[float] = []
    done = 0

    def updated(*_: Any) -> None:
        nonlocal done
        done += min(batch_size, images - done % images)
        clock.mark(done, images)

    def computed(_module: Any, _inputs: Any, output: dict[str, Any]) -> None:
        if trainer.model.training:
            losses.append(float(output["loss"].detach()))

    trainer.optimizer.register_step_post_hook(updated)
    trainer.criterion.register_forward_hook(computed)
    return losses
