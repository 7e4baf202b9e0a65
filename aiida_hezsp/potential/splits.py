"""Divide images into train, validation and test sets, and the compositions that are kept out."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aiida_hezsp.errors import ImageError
from aiida_hezsp.potential.finetune_settings import SplitSettings

__all__ = ("SPLITS", "split_images")

SPLITS = ("train", "validation", "test", "unseen")


def split_images(
    groups: ArrayLike, settings: SplitSettings, seed: int, holdout: Iterable[str] = ()
) -> dict[str, list[int]]:
    """Return the indices of the images in every split; a split that is empty is left out.

    By image, images of one relaxation sit in several splits, so that its test errors are those of interpolation; by
    composition, and in `unseen`, all images of a composition sit in one.

    Args:
        groups: (N,) label of each image's composition.
        settings: of the split.
        seed: of the draw.
        holdout: labels whose images form the split `unseen`.

    Raises:
        ImageError: an unknown label is held out, the fractions are no fractions, or too little is left.
    """
    labels = np.asarray(groups)
    kept_out = sorted(set(holdout))
    if unknown := sorted(set(kept_out) - set(labels.tolist())):
        raise ImageError(f"holdout: no image belongs to {', '.join(unknown)}")
    unseen = np.isin(labels, kept_out)
    rest = np.flatnonzero(~unseen)
    rng = np.random.default_rng(seed)
    parts = _by_image(rest, settings, rng) if settings.by == "image" else _by_group(rest, labels, settings, rng)
    parts["unseen"] = np.flatnonzero(unseen)
    return {name: np.sort(parts[name]).tolist() for name in SPLITS if len(parts[name])}


def _by_image(
    rest: NDArray[np.int64], settings: SplitSettings, rng: np.random.Generator
) -> dict[str, NDArray[np.int64]]:
    """Divide images at random."""
    cuts = _cuts(len(rest), settings, "images")
    return dict(zip(SPLITS, np.split(rng.permutation(rest), cuts), strict=False))


def _by_group(
    rest: NDArray[np.int64], labels: NDArray[np.str_], settings: SplitSettings, rng: np.random.Generator
) -> dict[str, NDArray[np.int64]]:
    """Divide compositions at random, with all their images."""
    names = rng.permutation(np.unique(labels[rest]))
    chosen = np.split(names, _cuts(len(names), settings, "compositions"))
    return {split: rest[np.isin(labels[rest], part)] for split, part in zip(SPLITS, chosen, strict=False)}


def _cuts(n: int, settings: SplitSettings, what: str) -> list[int]:
    """Return where to cut n shuffled things: rounded, but at least one for every fraction above zero."""
    fractions = (settings.train, settings.validation, settings.test)
    if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-6:  # noqa: PLR2004 - rounding of decimal fractions
        raise ImageError(f"split: train, validation and test are {fractions}: three fractions that sum to 1 are needed")
    if settings.train == 0 or settings.validation == 0:
        raise ImageError("split: train and validation must not be empty: the best model is chosen by the latter")
    needed = sum(fraction > 0 for fraction in fractions)
    if n < needed:
        raise ImageError(f"split: {n} {what} cannot be divided into {needed} sets")
    test = max(1, round(settings.test * n)) if settings.test else 0
    validation = max(1, round(settings.validation * n))
    while n - validation - test < 1:
        validation, test = max(1, validation - 1), max(1, test - 1) if test else 0
    return [n - validation - test, n - test]
