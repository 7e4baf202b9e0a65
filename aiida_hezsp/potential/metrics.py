"""Errors of predictions: mean absolute and root mean square, by split."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aiida_hezsp.errors import ExplosionError
from aiida_hezsp.potential.images import ImageSet
from aiida_hezsp.potential.prediction import Predictions

__all__ = ("errors_of", "errors_of_splits")

MILLI = 1000.0
Floats = NDArray[np.float64]


def errors_of(images: ImageSet, predictions: Predictions, chosen: ArrayLike | None = None) -> dict[str, Any]:
    """Return MAE and RMSE of the chosen images (all by default).

    Keys: `n_images`; `energy_mae`, `energy_rmse` meV/atom; `relative_energy_mae` meV/atom, after the mean error of each
    composition is taken away (what remains if the reference of an element is unknown); `force_mae`, `force_rmse` meV/A,
    over components; `stress_mae`, `stress_rmse` GPa, over components; `magmom_mae`, `magmom_rmse` mu_B. None where no
    image has the label, or where stresses or moments were not computed.

    Raises:
        ExplosionError: what is predicted for a known label is not finite; without it the errors would be too good.
    """
    index = np.arange(len(images)) if chosen is None else np.asarray(chosen, dtype=np.int64)
    atoms = _atoms_of(images, index)
    energy = _errors("energies", predictions.energies[index], images.energies_per_atom[index]) * MILLI
    force = _errors("forces", predictions.forces[atoms], images.forces[atoms]) * MILLI
    stress = _errors("stresses", predictions.stresses[index], _to_compare(images.stresses, predictions.stresses)[index])
    moment = _errors("magmoms", predictions.magmoms[atoms], _to_compare(images.magmoms, predictions.magmoms)[atoms])
    relative = _without_means(energy, images.groups[index])
    return {
        "n_images": len(index),
        "energy_mae": _mae(energy),
        "energy_rmse": _rmse(energy),
        "relative_energy_mae": _mae(relative),
        "force_mae": _mae(force),
        "force_rmse": _rmse(force),
        "stress_mae": _mae(stress),
        "stress_rmse": _rmse(stress),
        "magmom_mae": _mae(moment),
        "magmom_rmse": _rmse(moment),
    }


def errors_of_splits(
    images: ImageSet, predictions: Predictions, split: Mapping[str, Sequence[int]]
) -> dict[str, dict[str, Any]]:
    """Return the errors of every split."""
    return {name: errors_of(images, predictions, indices) for name, indices in split.items()}


def _atoms_of(images: ImageSet, index: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows of the atoms of the chosen images."""
    offsets = images.offsets
    return np.concatenate([np.arange(offsets[i], offsets[i + 1]) for i in index])


def _to_compare(labels: Floats, predicted: Floats) -> Floats:
    """Return the labels, all unknown where their kind was not computed."""
    return np.full_like(labels, np.nan) if np.isnan(predicted).all() else labels


def _errors(name: str, predicted: Floats, labels: Floats) -> Floats:
    """Return predictions minus labels, flat; NaN where the label is unknown, and nowhere else.

    Raises:
        ExplosionError: a prediction of a known label is not finite.
    """
    wrong = np.isfinite(labels) & ~np.isfinite(predicted)
    if wrong.any():
        raise ExplosionError(f"{int(wrong.sum())} of {wrong.size} predicted {name} are not finite")
    return np.where(np.isfinite(labels), predicted - labels, np.nan).ravel()


def _without_means(errors: Floats, groups: NDArray[np.str_]) -> Floats:
    """Return errors minus the mean error of their composition."""
    result = errors.copy()
    for label in np.unique(groups):
        members = groups == label
        result[members] -= errors[members].mean()
    return result


def _mae(errors: Floats) -> float | None:
    """Return the mean absolute error over known labels."""
    known = errors[np.isfinite(errors)]
    return float(np.abs(known).mean()) if len(known) else None


def _rmse(errors: Floats) -> float | None:
    """Return the root mean square error over known labels."""
    known = errors[np.isfinite(errors)]
    return float(np.sqrt((known**2).mean())) if len(known) else None
