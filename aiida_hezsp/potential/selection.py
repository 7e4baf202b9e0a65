"""Which images of a relaxation or a run become training data (paper, supplementary text 1)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aiida_hezsp.errors import ImageError, TrajectoryError

__all__ = ("energy_outliers", "relaxation_image_indices", "transition_counts", "transition_image_indices")

CHUNK = 2_000_000  # distances at a time: about 100 MB


def relaxation_image_indices(n_images: int, head: int = 10, tail: int = 40, seed: int = 0) -> list[int]:
    """Return the images of a relaxation to keep: the first `head`, and `tail` random later ones, in order.

    The first steps have high energies and large forces; the later ones resemble each other, so that a draw represents
    them. A path with no more than `head + tail` images is kept whole.
    """
    if n_images < 1 or head < 0 or tail < 0 or head + tail == 0:
        raise ImageError(f"{head} first and {tail} later of {n_images} images cannot be selected")
    first = list(range(min(head, n_images)))
    rest = np.arange(len(first), n_images)
    drawn = np.random.default_rng(seed).choice(rest, size=min(tail, len(rest)), replace=False)
    return first + sorted(drawn.tolist())


def transition_counts(
    positions: ArrayLike, cell: ArrayLike, sites: ArrayLike, cutoff: float = 2.5
) -> NDArray[np.int64]:
    """Return how many mobile ions are in transition in every frame.

    An ion is in transition when the nearest site, over all periodic images, is farther than `cutoff`.

    Args:
        positions: (frames, ions, 3) A, Cartesian, wrapped or not.
        cell: (3, 3) A, rows are vectors, any shape.
        sites: (n, 3) A: mobile-ion sites of the initial static structure.
        cutoff: A.

    Returns:
        (frames,) counts.
    """
    ions = np.asarray(positions, dtype=np.float64)
    lattice, targets = np.asarray(cell, dtype=np.float64), np.asarray(sites, dtype=np.float64)
    if ions.ndim != 3 or ions.shape[2] != 3 or targets.ndim != 2 or targets.shape[1:] != (3,) or len(targets) == 0:  # noqa: PLR2004
        raise TrajectoryError(f"positions {ions.shape} and sites {targets.shape}: (frames, ions, 3), (n, 3) are needed")
    if lattice.shape != (3, 3) or abs(np.linalg.det(lattice)) < 1e-6 or cutoff <= 0:  # noqa: PLR2004
        raise TrajectoryError("a cell (3, 3) with a volume and a positive cutoff are needed")
    shifts = _images_within(lattice, cutoff)
    inverse = np.linalg.inv(lattice)
    step = max(1, CHUNK // max(1, ions.shape[1] * len(targets) * len(shifts)))
    counts = np.empty(len(ions), dtype=np.int64)
    for begin in range(0, len(ions), step):
        part = ions[begin : begin + step]
        fractional = (part[:, :, None, :] - targets) @ inverse
        vectors = (fractional - np.rint(fractional)) @ lattice
        near = np.zeros(vectors.shape[:2], dtype=bool)
        for shift in shifts:
            near |= (((vectors + shift) ** 2).sum(axis=-1) <= cutoff**2).any(axis=-1)
        counts[begin : begin + step] = (~near).sum(axis=1)
    return counts


def transition_image_indices(counts: ArrayLike, n: int = 10) -> list[int]:
    """Return the `n` frames with most ions in transition, in the order of time.

    Of more frames of one count than are wanted, some are taken evenly along the run, the last one always: neighbours
    in time hardly differ, and the first frame is the static structure.
    """
    values = np.asarray(counts)
    if values.ndim != 1 or len(values) == 0 or n < 1:
        raise TrajectoryError(f"{n} of {values.shape} counts cannot be selected")
    chosen: list[int] = []
    for count in np.unique(values)[::-1]:
        frames, room = np.flatnonzero(values == count), n - len(chosen)
        if len(frames) > room:
            frames = frames[np.linspace(0, len(frames) - 1, room + 1).round().astype(int)[1:]]
        chosen += frames.tolist()
    return sorted(chosen)


def energy_outliers(energy_per_atom: ArrayLike, groups: ArrayLike, threshold: float) -> NDArray[np.bool_]:
    """Return which images have an abnormally high energy.

    An image is an outlier when it lies more than `threshold` above the median of its composition: the median is not
    moved by the outliers themselves, and low energies are what a relaxation is for.

    Args:
        energy_per_atom: (N,) eV/atom.
        groups: (N,) labels of the compositions.
        threshold: eV/atom.
    """
    energies, labels = np.asarray(energy_per_atom, dtype=np.float64), np.asarray(groups)
    if energies.shape != labels.shape or energies.ndim != 1:
        raise ImageError(f"energies {energies.shape} and groups {labels.shape} must be two lists of one length")
    if not threshold > 0:
        raise ImageError(f"the threshold is {threshold} eV/atom: it must be positive")
    outlier = np.zeros(len(energies), dtype=bool)
    for label in np.unique(labels):
        members = labels == label
        outlier[members] = energies[members] > np.median(energies[members]) + threshold
    return outlier


def _images_within(lattice: NDArray[np.float64], cutoff: float) -> NDArray[np.float64]:
    """Return the lattice vectors (k, 3) that can bring a vector with fractions in [-1/2, 1/2] within a cutoff.

    |x_i + n_i| h_i <= cutoff is necessary along every axis, with h_i the distance between opposite faces.
    """
    heights = 1.0 / np.linalg.norm(np.linalg.inv(lattice), axis=0)
    reach = np.floor(cutoff / heights + 0.5).astype(int)
    grids = np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij")
    return np.asarray(np.stack(grids, axis=-1).reshape(-1, 3) @ lattice, dtype=np.float64)
