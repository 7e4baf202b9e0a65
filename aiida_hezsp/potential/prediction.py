"""Predictions of a model for a whole image set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.potential.images import ImageSet
from aiida_hezsp.potential.micro_batches import micro_batches
from aiida_hezsp.potential.network import Network

__all__ = ("Predictions", "make_graphs", "predict_images")

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says about N images: `energies` (N,) eV/atom, `forces` (sum n_i, 3) eV/A, `stresses` (N, 3, 3) GPa,
    `magmoms` (sum n_i,) mu_B; NaN where stresses or moments were not computed.
    """  # noqa: D205 - one sentence

    energies: Floats
    forces: Floats
    stresses: Floats
    magmoms: Floats

    def shifted(self, shift: Floats) -> "Predictions":
        """Return the same with (N,) eV/atom added to the energies."""
        return replace(self, energies=self.energies + shift)


def make_graphs(network: Network, images: ImageSet) -> list[Any]:
    """Return the graph of every image."""
    offsets = images.offsets
    spans = [slice(offsets[i], offsets[i + 1]) for i in range(len(images))]
    return [
        network.graph(images.numbers[span], images.positions[span], images.cells[i]) for i, span in enumerate(spans)
    ]


def predict_images(
    network: Network,
    graphs: Sequence[Any],
    *,
    stress: bool = True,
    magmoms: bool = True,
    micro_batch: int | None = None,
    report: Callable[[int], None] | None = None,
) -> Predictions:
    """Return predictions for graphs.

    Args:
        network: of the model.
        graphs: of `make_graphs`.
        stress: whether stresses are wanted; likewise magmoms.
        micro_batch: graphs evaluated together; see `micro_batches`.
        report: called with the number of images done.
    """
    parts = []
    for run in micro_batches(range(len(graphs)), [network.size(graph) for graph in graphs], micro_batch):
        batch = [graphs[index] for index in run]
        parts.append(network.predict(batch, stress=stress, magmoms=magmoms, training=False))
        if report is not None:
            report(run[-1] + 1)
    energies = [part.energies for part in parts]
    forces = [part.forces for part in parts]
    n_atoms = sum(len(part) for part in forces)
    return Predictions(
        energies=_join(energies),
        forces=_join(forces),
        stresses=_join([part.stresses for part in parts]) if stress else np.full((len(graphs), 3, 3), np.nan),
        magmoms=_join([part.magmoms for part in parts]) if magmoms else np.full(n_atoms, np.nan),
    )


def _join(parts: Sequence[Any]) -> Floats:
    """Return tensors one after the other as one array."""
    return np.concatenate([part.double().numpy() for part in parts])
