"""Distributions of bond lengths in a trajectory (paper, Fig. 3a)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter1d

from aiida_hezsp.errors import TrajectoryError

__all__ = ("BondLengths", "bond_lengths", "first_shell", "overlap")

Floats = NDArray[np.float64]
SMOOTHING = 0.1  # A


@dataclass(frozen=True, eq=False)
class BondLengths:
    """Distributions by pair: `lengths` (bins,) A, centres of the bins; `densities` by pair (bins,) in 1/A.

    A density is the mean number of neighbours of an atom of the first element per unit of length: its integral up to
    a length is the coordination number there.
    """

    lengths: Floats
    densities: Mapping[str, Floats]


def bond_lengths(
    frames: ArrayLike,
    symbols: Sequence[str],
    cell: ArrayLike,
    *,
    anion: str = "O",
    max_length: float = 3.5,
    bin_width: float = 0.02,
) -> BondLengths:
    """Return the distribution of the distances from every kind of cation to the anion, over all periodic images.

    Args:
        frames: (frames, atoms, 3) A, wrapped or not.
        symbols: (atoms,) elements.
        cell: (3, 3) A, rows are vectors.
        anion: the second element of all pairs.
        max_length: longest distance, A.
        bin_width: A.

    Raises:
        TrajectoryError: shapes do not fit, there is no anion, or the lengths are impossible.
    """
    from ase import Atoms
    from ase.neighborlist import neighbor_list

    positions = np.asarray(frames, dtype=np.float64)
    if positions.ndim != 3 or positions.shape[1:] != (len(symbols), 3) or len(positions) == 0:  # noqa: PLR2004
        raise TrajectoryError(f"frames have the shape {positions.shape}: (frames, {len(symbols)}, 3) is needed")
    if anion not in symbols or len(set(symbols)) < 2:  # noqa: PLR2004 - a bond has two partners
        raise TrajectoryError(f"there is no {anion} with other elements in {', '.join(sorted(set(symbols)))}")
    if not 0 < bin_width <= max_length:
        raise TrajectoryError(f"bins of {bin_width} A up to {max_length} A are impossible")
    kinds = np.array(symbols)
    cations = sorted(set(symbols) - {anion})
    edges = np.arange(0.0, max_length + bin_width / 2, bin_width)
    counts = {element: np.zeros(len(edges) - 1) for element in cations}
    cutoffs = {(element, anion): float(edges[-1]) for element in cations}
    for frame in positions:
        atoms = Atoms(symbols, positions=frame, cell=cell, pbc=True)
        first, _, distances = neighbor_list("ijd", atoms, cutoffs)
        for element in cations:
            counts[element] += np.histogram(distances[kinds[first] == element], edges)[0]
    lengths = (edges[1:] + edges[:-1]) / 2
    densities = {
        f"{element}-{anion}": counts[element] / (len(positions) * (kinds == element).sum() * bin_width)
        for element in cations
    }
    return BondLengths(lengths, densities)


def overlap(first: ArrayLike, second: ArrayLike) -> float:
    """Return the common area of two distributions on the same bins, each of unit area: 1 if equal, 0 if apart."""
    one, other = (np.asarray(values, dtype=np.float64) for values in (first, second))
    if one.shape != other.shape or one.ndim != 1:
        raise TrajectoryError(f"distributions on the same bins are needed, not {one.shape} and {other.shape}")
    if one.sum() <= 0 or other.sum() <= 0:
        return 0.0
    return float(np.minimum(one / one.sum(), other / other.sum()).sum())


def first_shell(lengths: ArrayLike, density: ArrayLike) -> tuple[float, float] | None:
    """Return mean length (A) and number of neighbours up to the first minimum after the highest peak.

    The minimum is looked for in the density smoothed by a Gaussian of 0.1 A. None where there is no bond.

    Args:
        lengths: (bins,) A, equally spaced.
        density: (bins,) 1/A.
    """
    values, centres = np.asarray(density, dtype=np.float64), np.asarray(lengths, dtype=np.float64)
    if not values.any():
        return None
    width = float(centres[1] - centres[0]) if len(centres) > 1 else 1.0
    smooth = gaussian_filter1d(values, SMOOTHING / width, mode="constant")
    peak = int(np.argmax(smooth))
    rises = np.flatnonzero(np.diff(smooth[peak:]) > 0)
    end = peak + int(rises[0]) + 1 if len(rises) else len(values)
    inside = values[:end]
    return float((centres[:end] * inside).sum() / inside.sum()), float(inside.sum() * width)
