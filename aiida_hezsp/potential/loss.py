"""The loss of fine-tuning: weighted errors of energies, forces, stresses and moments, with missing labels left out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.potential.finetune_settings import LossWeights
from aiida_hezsp.potential.images import ImageSet

if TYPE_CHECKING:
    from torch import Tensor

    from aiida_hezsp.potential.network import Output

__all__ = ("Labels", "counts", "loss_function", "partial_loss")

PARTS = ("energy", "forces", "stress", "magmoms")
HUBER_DELTA = 0.1  # chgnet's


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of one image: energy eV/atom, forces (n, 3) eV/A, stress (3, 3) GPa or None, magmoms (n,) or None."""

    energy: float
    forces: NDArray[np.float64]
    stress: NDArray[np.float64] | None
    magmoms: NDArray[np.float64] | None

    @classmethod
    def of(cls, images: ImageSet) -> list["Labels"]:
        """Return the labels of all images. A stress or moments with any value missing do not count."""
        energies, offsets = images.energies_per_atom, images.offsets
        return [
            cls(
                energy=float(energies[i]),
                forces=images.forces[offsets[i] : offsets[i + 1]],
                stress=_whole(images.stresses[i]),
                magmoms=_whole(images.magmoms[offsets[i] : offsets[i + 1]]),
            )
            for i in range(len(images))
        ]


def counts(labels: Sequence[Labels]) -> dict[str, int]:
    """Return how many numbers each part of the loss is a mean of."""
    return {
        "energy": len(labels),
        "forces": sum(label.forces.size for label in labels),
        "stress": sum(9 for label in labels if label.stress is not None),
        "magmoms": sum(label.magmoms.size for label in labels if label.magmoms is not None),
    }


def loss_function(kind: str) -> "Callable[[Tensor, Tensor], Tensor]":
    """Return the sum of squares (MSE), of absolute values (MAE), or Huber's (delta 0.1) of a difference."""
    from torch.nn import functional

    return {
        "MSE": lambda a, b: functional.mse_loss(a, b, reduction="sum"),
        "MAE": lambda a, b: functional.l1_loss(a, b, reduction="sum"),
        "Huber": lambda a, b: functional.huber_loss(a, b, reduction="sum", delta=HUBER_DELTA),
    }[kind]


def partial_loss(
    output: "Output",
    labels: Sequence[Labels],
    batch: Mapping[str, int],
    weights: LossWeights,
    function: "Callable[[Tensor, Tensor], Tensor]",
) -> "Tensor":
    """Return the share of some images in the loss of a whole batch.

    loss = sum over parts p of w_p / N_p * sum over the batch of f(prediction - label), as chgnet has it; N_p is
    `counts` of the batch. Shares of micro-batches add up to the loss, and so do their gradients.
    """
    total = weights.energy * _share(function, output.energies, [label.energy for label in labels], batch["energy"])
    total = total + weights.forces * _share(
        function, output.forces, np.concatenate([label.forces for label in labels]), batch["forces"]
    )
    if output.stresses is not None and batch["stress"]:
        known = [i for i, label in enumerate(labels) if label.stress is not None]
        if known:
            wanted = np.stack([label.stress for label in labels if label.stress is not None])
            total = total + weights.stress * _share(function, output.stresses[known], wanted, batch["stress"])
    if output.magmoms is not None and batch["magmoms"]:
        rows, values = _moments(labels)
        if len(rows):
            total = total + weights.magmoms * _share(function, output.magmoms[rows], values, batch["magmoms"])
    return total


def _share(
    function: "Callable[[Tensor, Tensor], Tensor]", predicted: "Tensor", wanted: object, n_numbers: int
) -> "Tensor":
    """Return a sum of errors over the number of numbers in the whole batch."""
    import torch

    return function(predicted, torch.as_tensor(wanted, dtype=predicted.dtype)) / n_numbers


def _moments(labels: Sequence[Labels]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return rows and values of the known moments."""
    rows, values, offset = [np.empty(0, dtype=np.int64)], [np.empty(0)], 0
    for label in labels:
        n = len(label.forces)
        if label.magmoms is not None:
            rows.append(np.arange(offset, offset + n))
            values.append(label.magmoms)
        offset += n
    return np.concatenate(rows), np.concatenate(values)


def _whole(array: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return an array, or None if a value is missing."""
    return array if np.isfinite(array).all() else None
