"""Job `evaluate`: errors of a model on labelled images."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from aiida_hezsp.engine.job_input import FileName, JobInput, ModelName, resolve
from aiida_hezsp.engine.model import find_model
from aiida_hezsp.engine.process import prepare_process
from aiida_hezsp.engine.progress import Progress, say
from aiida_hezsp.potential.arrays import write_npz
from aiida_hezsp.potential.images import ImageSet
from aiida_hezsp.potential.model_file import load_model

__all__ = ("EvaluateInput", "run")


class EvaluateInput(JobInput):
    """Input of the job."""

    model: ModelName
    images: FileName = "images.npz"


def run(inputs: EvaluateInput, folder: Path) -> dict[str, Any]:
    """Evaluate, write predictions, return errors of all images and by composition."""
    from aiida_hezsp.potential.scoring import errors_by_group, predict

    path, checksum = find_model(folder, inputs.model)
    images = ImageSet.load(resolve(folder, inputs.images))
    prepare_process(inputs.threads)
    progress, begin = Progress(lambda text: say(f"evaluate {text}"), len(images), "images"), time.perf_counter()
    predicted = predict(
        load_model(path), images, lambda done: progress.step(done, done / (time.perf_counter() - begin))
    )
    write_npz(folder / "predictions.npz", _arrays(images, vars(predicted)))
    return {"model_sha256": checksum, "metrics": errors_by_group(images, predicted)}


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
