"""Job `finetune`: fine-tune a model on labelled images."""

import hashlib
import json
import time
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aiida_hezsp.engine.job_input import FileName, JobInput, ModelName, resolve
from aiida_hezsp.engine.model import find_model
from aiida_hezsp.engine.process import prepare_process
from aiida_hezsp.engine.progress import Progress, say
from aiida_hezsp.potential.arrays import write_npz
from aiida_hezsp.potential.finetune_settings import FinetuneSettings, LossWeights, SplitSettings
from aiida_hezsp.potential.images import ImageSet
from aiida_hezsp.potential.model_file import load_model, save_model, sha256_of

__all__ = ("FinetuneInput", "run")

Weight = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
CHECKPOINT = Path("checkpoint") / "checkpoint.safetensors"
NOT_THE_COURSE = {"job", "model", "images", "threads", "workers", "restart_every"}


class WeightsInput(BaseModel):
    """Weights of the loss."""

    model_config = ConfigDict(extra="forbid")

    energy: Weight = 1.0
    forces: Weight = 1.0
    stress: Weight = 0.1
    magmoms: Weight = 0.1


class SplitInput(BaseModel):
    """How images are divided."""

    model_config = ConfigDict(extra="forbid")

    by: Literal["image", "composition"] = "image"
    train: Fraction = 0.6
    validation: Fraction = 0.2
    test: Fraction = 0.2


class FinetuneInput(JobInput):
    """Input of the job."""

    model: ModelName
    images: FileName = "images.npz"
    epochs: int = Field(default=500, ge=1)
    batch_size: int = Field(default=50, ge=1)
    micro_batch: int | None = Field(default=None, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0, le=1)
    optimizer: Literal["RAdam", "Adam", "AdamW"] = "RAdam"
    scheduler: Literal["cosine", "constant"] = "cosine"
    loss: Literal["MSE", "MAE", "Huber"] = "MSE"
    weights: WeightsInput = WeightsInput()
    refit_atomref: bool = True
    split: SplitInput = SplitInput()
    holdout: list[str] = []
    seed: int = Field(default=1, ge=0, lt=2**63)
    restart_every: int = Field(default=1, ge=1, description="epochs")

    def settings(self) -> FinetuneSettings:
        """Return what the science floor wants to know."""
        plain = self.model_dump(exclude={"job", "model", "images", "threads", "workers"})
        plain |= {
            "weights": LossWeights(**plain["weights"]),
            "split": SplitSettings(**plain["split"]),
            "holdout": tuple(self.holdout),
        }
        return FinetuneSettings(**plain)


def run(inputs: FinetuneInput, folder: Path) -> dict[str, Any]:
    """Fine-tune, write models and predictions, return errors and history."""
    from aiida_hezsp.potential.finetuning import finetune

    path, checksum = find_model(folder, inputs.model)
    images_path = resolve(folder, inputs.images)
    images = ImageSet.load(images_path)
    prepare_process(inputs.threads)
    course = inputs.model_dump(exclude=NOT_THE_COURSE)
    mark = hashlib.sha256(json.dumps([course, checksum, sha256_of(images_path)]).encode()).hexdigest()
    result = finetune(
        load_model(path),
        images,
        inputs.settings(),
        checkpoint=folder / CHECKPOINT,
        mark=mark,
        report=_Reporter().report,
    )
    info = {"parent_sha256": checksum, "images_sha256": sha256_of(images_path), "settings": course}
    for name, model, epoch in (("final", result.final, inputs.epochs), ("best", result.best, result.best_epoch)):
        save_model(
            folder / f"{name}.safetensors", model, info | {"kept": name, "epoch": epoch}, name=f"finetuned-{name}"
        )
    write_npz(folder / "predictions.npz", _prediction_arrays(images, result.split, result.predictions))
    return {
        "model_sha256": checksum,
        "final_sha256": sha256_of(folder / "final.safetensors"),
        "best_sha256": sha256_of(folder / "best.safetensors"),
        "metrics": result.metrics,
        "history": result.history,
        "split": result.split,
        "atomref": result.atomref,
        "atomref_undetermined": result.undetermined,
        "best_epoch": result.best_epoch,
    }


def _prediction_arrays(
    images: ImageSet, split: dict[str, list[int]], predictions: dict[str, Any]
) -> dict[str, np.ndarray[Any, Any]]:
    """Return the arrays of `predictions.npz`: labels, and predictions before and after."""
    names = np.full(len(images), "", dtype="U16")
    for name, indices in split.items():
        names[indices] = name
    arrays = {"split": names, "groups": images.groups, "n_atoms": images.n_atoms, "numbers": images.numbers}
    arrays |= {
        "reference_energies": images.energies_per_atom,
        "reference_forces": images.forces,
        "reference_stresses": images.stresses,
        "reference_magmoms": images.magmoms,
    }
    for moment, predicted in predictions.items():
        arrays |= {f"{moment}_{key}": value for key, value in vars(predicted).items()}
    return arrays


class _Reporter:
    """Progress lines of the stages of a fine-tuning."""

    stage = ""

    def report(self, stage: str, done: int, total: int, note: str) -> None:
        """Report images done in a stage."""
        now = time.perf_counter()
        if stage != self.stage:
            self.stage, self.begin, self.first = stage, now, done
            self.progress = Progress(lambda text: say(f"finetune {stage} {text}"), total, "images")
        speed = (done - self.first) / max(now - self.begin, 1e-9)
        self.progress.step(done, speed, f", {note}" if note else "")
