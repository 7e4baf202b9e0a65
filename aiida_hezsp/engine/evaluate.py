"""Job `evaluate`: errors of a model on labelled images."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from aiida_hezsp.engine.finished import Finished
from aiida_hezsp.engine.job_input import FileName, JobInput, ModelName, resolve
from aiida_hezsp.engine.model import find_model
from aiida_hezsp.engine.pool import Speak, run_tasks
from aiida_hezsp.engine.process import prepare_process
from aiida_hezsp.engine.progress import Board, Reporter
from aiida_hezsp.errors import ImageError, InputError
from aiida_hezsp.potential.arrays import read_npz, write_npz
from aiida_hezsp.potential.images import ImageSet
from aiida_hezsp.potential.model_file import sha256_of

__all__ = ("EvaluateInput", "run")

CHUNK = 32  # images a task; fixed, so that results do not depend on the number of workers
NAMES = ("energies", "forces", "stresses", "magmoms")


class EvaluateInput(JobInput):
    """Input of the job."""

    model: ModelName
    images: FileName = "images.npz"


class Context(NamedTuple):
    """What every process needs."""

    folder: Path
    model: str
    images: Path
    threads: int


class EvaluateTask:
    """Predicts one run of images after the other with one model."""

    def __init__(self, context: Context) -> None:
        from aiida_hezsp.potential.model_file import load_model

        prepare_process(context.threads)
        self.folder = context.folder
        self.model = load_model(context.model)
        self.images = ImageSet.load(context.images)

    def __call__(self, label: str, payload: Any, speak: Speak) -> dict[str, Any]:
        """Predict the images from a first to a last one, keep the predictions in a file of the label."""
        from aiida_hezsp.potential.scoring import predict

        indices, reporter = np.arange(*payload["images"]), Reporter(speak)
        predicted = predict(self.model, self.images.select(indices), reporter.step, **payload["wants"])
        write_npz(_part(self.folder, label), {name: getattr(predicted, name) for name in NAMES})
        return {"n_images": len(indices)}


def run(inputs: EvaluateInput, folder: Path) -> dict[str, Any]:
    """Evaluate, write predictions, return errors of all images and by composition."""
    from aiida_hezsp.potential.prediction import Predictions
    from aiida_hezsp.potential.scoring import errors_by_group, wants_of

    model, checksum = find_model(folder, inputs.model)
    path = resolve(folder, inputs.images)
    images = ImageSet.load(path)
    wants = wants_of(images)
    tasks = {
        f"images_{first}": {"images": [first, min(first + CHUNK, len(images))], "wants": wants}
        for first in range(0, len(images), CHUNK)
    }
    finished = Finished(folder, checksum, sha256_of(str(path)))
    done = {
        label for label, payload in tasks.items() if finished.load(label, payload) and _part(folder, label).exists()
    }
    board = Board("evaluate", len(tasks), CHUNK, finished=len(done), bound=True)
    todo = {label: payload for label, payload in tasks.items() if label not in done}
    for outcome in run_tasks(EvaluateTask, Context(folder, model, path, inputs.threads), todo, inputs.workers, board):
        if outcome.error is not None:  # errors of a model are those on all images, or none
            raise InputError(f"{outcome.label.replace('_', ' from ')} on: {outcome.error}")
        finished.save(outcome.label, tasks[outcome.label], outcome.result)
        board.end(outcome.label, "predicted", steps=outcome.result["n_images"], failed=False)
    parts = [read_npz(_part(folder, label), required=NAMES, error=ImageError) for label in tasks]
    predicted = Predictions(**{name: np.concatenate([part[name] for part in parts]) for name in NAMES})
    write_npz(folder / "predictions.npz", _arrays(images, vars(predicted)))
    return {"model_sha256": checksum, "metrics": errors_by_group(images, predicted)}


def _part(folder: Path, label: str) -> Path:
    """Return where the predictions of some images are kept until all are there."""
    return folder / Finished.FOLDER / f"{label}.npz"


def _arrays(images: ImageSet, predicted: dict[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the arrays of `predictions.npz`."""
    arrays = {"groups": images.groups, "n_atoms": images.n_atoms, "numbers": images.numbers}
    arrays |= {
        "reference_energies": images.energies_per_atom,
        "reference_forces": images.forces,
        "reference_stresses": images.stresses,
        "reference_magmoms": images.magmoms,
    }
    return arrays | {f"predicted_{key}": value for key, value in predicted.items()}
