"""Fine-tune a CHGNet on labelled images."""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aiida_hezsp.errors import ExplosionError
from aiida_hezsp.potential.atomref import (
    apply_shift,
    by_symbol,
    composition_matrix,
    fit_shift,
    shift_per_atom,
    undetermined_elements,
)
from aiida_hezsp.potential.checkpoint import Progress, read_checkpoint, write_checkpoint
from aiida_hezsp.potential.evaluation import Floats
from aiida_hezsp.potential.finetune_settings import FinetuneSettings, LossWeights
from aiida_hezsp.potential.images import ImageSet
from aiida_hezsp.potential.loss import Labels, counts, loss_function, partial_loss
from aiida_hezsp.potential.metrics import errors_of, errors_of_splits
from aiida_hezsp.potential.micro_batches import micro_batches
from aiida_hezsp.potential.network import Network, make_network
from aiida_hezsp.potential.prediction import Predictions, make_graphs, predict_images
from aiida_hezsp.potential.splits import split_images

if TYPE_CHECKING:
    from chgnet.model import CHGNet
    from torch.optim import Optimizer

__all__ = ("FinetuneResult", "finetune")

FINAL_RATE = 0.01  # of the learning rate, at the end of the cosine: chgnet's
STEPS_OF_EPOCH = 10  # of the cosine in every epoch: chgnet's
Report = Callable[[str, int, int, str], None]


@dataclass(frozen=True)
class FinetuneResult:
    """Two models and how they came about.

    `final` is the model after the last epoch, the calculator; `best` that of the best validation score, for the test
    figures. `metrics` by moment (`before_raw`: as given; `before`: with the composition reference refitted;
    `after_best`, `after_final`) and split; `predictions` by moment (`before`, `after` of `best`); `atomref` the shift
    in eV by element; `undetermined` the elements that no training image has, so that their reference, and the energy of
    what holds them, is not known; `history` curves over epochs.
    """

    final: "CHGNet"
    best: "CHGNet"
    best_epoch: int
    split: dict[str, list[int]]
    atomref: dict[str, float]
    undetermined: list[str]
    history: dict[str, list[float | None]]
    metrics: dict[str, dict[str, dict[str, Any]]]
    predictions: dict[str, Predictions]


def finetune(
    model: "CHGNet",
    images: ImageSet,
    settings: FinetuneSettings,
    *,
    checkpoint: Path | None = None,
    mark: str = "",
    report: Report | None = None,
) -> FinetuneResult:
    """Fine-tune a model; the given one is not changed.

    Before training, the composition reference is shifted to the energies of the labels (least squares on the training
    images; pretrained energies carry Materials Project corrections that raw DFT energies do not). The loss is chgnet's,
    over energy per atom, forces, stress and moments. The learning rate follows half a cosine, chgnet's (see
    `_done_of_schedule`). The best model is the one of the least validation score: the sum of the validation MAEs
    (eV/atom, eV/A, GPa, mu_B) with the weights of the loss. Same seed and same number of threads give the same result;
    so does a restart from a checkpoint.

    Args:
        model: to start from.
        images: all images; split here.
        settings: of the fine-tuning.
        checkpoint: file written every `settings.restart_every` epochs; read if it exists.
        mark: identifies model, images and settings; a checkpoint with another mark is refused.
        report: called with a stage (`graphs`, `before`, `train`, `after`), the number of images done and to be done,
            and a note for the reader.

    Raises:
        ImageError: the images cannot be split as asked.
        ExplosionError: the loss, or what the model predicts, is no longer finite.
        ModelFileError: the checkpoint is damaged or belongs to another fine-tuning.
    """
    split = split_images(images.groups, settings.split, settings.seed, settings.holdout)
    trainer = _Trainer(copy.deepcopy(model), images, settings, split, report or (lambda *_: None))
    raw = trainer.predict("before")
    fractions = composition_matrix(images.numbers, images.n_atoms)
    trainer.start(_shift(fractions, raw, images, split["train"], settings))
    if checkpoint is not None and checkpoint.exists():
        trainer.progress = read_checkpoint(checkpoint, mark, trainer.model, trainer.optimizer)
    while trainer.progress.epoch < settings.epochs:
        trainer.epoch()
        done = trainer.progress.epoch
        if checkpoint is not None and (done % settings.restart_every == 0 or done == settings.epochs):
            write_checkpoint(checkpoint, mark, trainer.model, trainer.optimizer, trainer.progress)
    return _result(trainer, raw, fractions)


def _result(trainer: "_Trainer", raw: Predictions, fractions: Floats) -> FinetuneResult:
    """Evaluate both models and put everything together."""
    images, split = trainer.images, trainer.split
    shift = np.array(trainer.progress.shift)
    moments = {"before_raw": raw, "before": raw.shifted(shift_per_atom(fractions, shift))}
    moments["after_final"] = trainer.predict("after")
    moments["after_best"] = trainer.predict_best(moments["after_final"])
    return FinetuneResult(
        final=trainer.model.eval(),
        best=trainer.best_model().eval(),
        best_epoch=trainer.progress.best_epoch,
        split=split,
        atomref=dict(by_symbol(shift)),
        undetermined=undetermined_elements(fractions, split["train"]),
        history=trainer.progress.history,
        metrics={name: errors_of_splits(images, predicted, split) for name, predicted in moments.items()},
        predictions={"before": moments["before"], "after": moments["after_best"]},
    )


def _shift(
    fractions: Floats, raw: Predictions, images: ImageSet, train: Sequence[int], settings: FinetuneSettings
) -> Floats:
    """Return the shift of the composition reference (94,) in eV: zero if it is not to be refitted."""
    if not settings.refit_atomref:
        return np.zeros(fractions.shape[1])
    return fit_shift(fractions[train], (images.energies_per_atom - raw.energies)[train])


class _Trainer:
    """The state of a fine-tuning."""

    def __init__(
        self, model: "CHGNet", images: ImageSet, settings: FinetuneSettings, split: dict[str, list[int]], report: Report
    ) -> None:
        self.network: Network = make_network(model)
        self.images, self.settings, self.split, self.report = images, settings, split, report
        self.labels = Labels.of(images)
        known = counts(self.labels)
        self.wants = {"stress": known["stress"] > 0, "magmoms": known["magmoms"] > 0}
        report("graphs", 0, len(images), "")
        self.graphs = make_graphs(self.network, images)
        self.function = loss_function(settings.loss)
        self.progress = Progress()

    @property
    def model(self) -> "CHGNet":
        """The model in training."""
        return self.network.model

    def start(self, shift: Floats) -> None:
        """Shift the composition reference, fix it, and make the optimiser of everything else."""
        import torch

        torch.manual_seed(self.settings.seed)
        if shift.any():
            apply_shift(self.model, shift)
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(not name.startswith("composition_model."))
        self.optimizer: Optimizer = getattr(torch.optim, self.settings.optimizer)(
            [parameter for parameter in self.model.parameters() if parameter.requires_grad],
            lr=self.settings.learning_rate,
        )
        self.progress = Progress(shift=shift.tolist())

    def epoch(self) -> None:
        """Go once over the training images, then validate."""
        order = self._order()
        size = self.settings.batch_size
        self.model.train()
        losses = []
        for begin in range(0, len(order), size):
            losses.append(self._update(order[begin : begin + size]))
            self._report_training(min(begin + size, len(order)), losses[-1])
        self.progress.epoch += 1
        self.model.eval()
        self._validate(float(np.mean(losses)))

    def _order(self) -> list[int]:
        """Return the training images in the order of this epoch; it depends on seed and epoch alone."""
        rng = np.random.default_rng([self.settings.seed, self.progress.epoch])
        return list(rng.permutation(self.split["train"]))

    def _update(self, batch: Sequence[int]) -> float:
        """Make one step of the optimiser and return the loss of its batch."""
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        self.optimizer.zero_grad(set_to_none=True)
        numbers = counts([self.labels[i] for i in batch])
        total = 0.0
        for part in micro_batches(batch, self.images.n_atoms.tolist(), self.settings.micro_batch):
            output = self.network.predict([self.graphs[i] for i in part], **self.wants, training=True)
            labels = [self.labels[i] for i in part]
            loss = partial_loss(output, labels, numbers, self.settings.weights, self.function)
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        if not math.isfinite(total):
            raise ExplosionError(f"fine-tuning has blown up in epoch {self.progress.epoch + 1}: the loss is {total}")
        self.optimizer.step()
        self.progress.updates += 1
        return total

    def _report_training(self, done: int, loss: float) -> None:
        """Report the images done in this epoch, the loss of the last batch, and the last validation."""
        progress, epochs, n_train = self.progress, self.settings.epochs, len(self.split["train"])
        note = f"epoch {progress.epoch + 1} of {epochs}, loss {loss:.3g}"
        if progress.history:
            note += f", validation force error {progress.history['validation_force_mae'][-1]:.0f} meV/A"
        self.report("train", progress.epoch * n_train + done, epochs * n_train, note)

    def _learning_rate(self) -> float:
        """Return the rate of this update."""
        settings, n_batches = self.settings, math.ceil(len(self.split["train"]) / self.settings.batch_size)
        if settings.scheduler == "constant":
            return settings.learning_rate
        done = _done_of_schedule(self.progress.updates, n_batches) / settings.epochs
        wave = (1 + math.cos(math.pi * done)) / 2
        return settings.learning_rate * (FINAL_RATE + (1 - FINAL_RATE) * wave)

    def _validate(self, train_loss: float) -> None:
        """Score the model on the validation images, keep it if it is the best, write the history."""
        chosen = self.split["validation"]
        predicted = self._predict([self.graphs[i] for i in chosen])
        try:
            errors = errors_of(self.images.select(chosen), predicted)
        except ExplosionError as error:  # the loss is from before the last step
            message = f"fine-tuning has blown up in epoch {self.progress.epoch}, in validation: {error}"
            raise ExplosionError(message) from None
        score = score_of(errors, self.settings.weights)
        curves = {
            f"validation_{name}": errors[name] for name in ("energy_mae", "force_mae", "stress_mae", "magmom_mae")
        }
        curves |= {"train_loss": train_loss, "validation_score": score}
        curves["learning_rate"] = self.optimizer.param_groups[0]["lr"]
        for name, value in curves.items():
            self.progress.history.setdefault(name, []).append(value)
        if score < self.progress.score:
            self.progress.score, self.progress.best_epoch = score, self.progress.epoch
            self.progress.best = {key: value.detach().clone() for key, value in self.model.state_dict().items()}

    def predict(self, stage: str) -> Predictions:
        """Return the present model's predictions for all images."""
        return self._predict(self.graphs, lambda done: self.report(stage, done, len(self.graphs), ""))

    def _predict(self, graphs: Sequence[Any], report: Callable[[int], None] | None = None) -> Predictions:
        return predict_images(self.network, graphs, **self.wants, micro_batch=self.settings.micro_batch, report=report)

    def best_model(self) -> "CHGNet":
        """Return a copy of the model with the weights of the best epoch."""
        model = copy.deepcopy(self.model)
        model.load_state_dict(self.progress.best)
        return model

    def predict_best(self, final: Predictions) -> Predictions:
        """Return the best model's predictions; those of the final one if they are the same model."""
        if self.progress.best_epoch == self.progress.epoch:
            return final
        kept = {key: value.detach().clone() for key, value in self.model.state_dict().items()}
        self.model.load_state_dict(self.progress.best)
        predicted = self.predict("after")
        self.model.load_state_dict(kept)
        return predicted


def _done_of_schedule(updates: int, n_batches: int) -> float:
    """Return how many epochs of the schedule are done before an update.

    chgnet changes the rate ten times an epoch, after the batches i n / 10; with fewer than ten batches it changes it
    less often and never comes to the end. There every batch is its own step here.
    """
    epochs, batches = divmod(updates, n_batches)
    if n_batches < STEPS_OF_EPOCH:
        return epochs + batches / n_batches
    steps = sum(step * n_batches // STEPS_OF_EPOCH <= batches for step in range(1, STEPS_OF_EPOCH + 1))
    return epochs + steps / STEPS_OF_EPOCH


def score_of(errors: dict[str, Any], weights: LossWeights) -> float:
    """Return the sum of MAEs (eV/atom, eV/A, GPa, mu_B) with the weights of the loss; missing labels count nothing."""
    parts = (
        (weights.energy * 1e-3, errors["energy_mae"]),
        (weights.forces * 1e-3, errors["force_mae"]),
        (weights.stress, errors["stress_mae"]),
        (weights.magmoms, errors["magmom_mae"]),
    )
    return float(sum(weight * value for weight, value in parts if value is not None))
