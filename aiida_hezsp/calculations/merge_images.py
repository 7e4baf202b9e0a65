"""Join image sets into one dataset and leave out abnormal images."""

from dataclasses import replace
from typing import Any

import numpy as np
from aiida import orm
from aiida.engine import calcfunction

from aiida_hezsp.data import ImageData
from aiida_hezsp.errors import ImageError
from aiida_hezsp.potential.images import ImageSet
from aiida_hezsp.potential.selection import energy_outliers

__all__ = ("merge_images",)

_CODES = ("quantumespresso", "vasp")  # of which versions may differ


@calcfunction
def merge_images(rule: orm.Dict, **inputs: dict[str, ImageData]) -> dict[str, orm.Data]:
    """Join datasets; leave out images of abnormally high energy and record them (paper, supplementary text 1).

    Args:
        rule: `outlier_threshold`, eV/atom above the median of the composition; null keeps everything.
        inputs: namespace `datasets`, and `left_out`: by dataset, what was left out when it was made.

    Returns:
        `images`, the dataset, and `removed`, a Dict of what was left out and why: in `removed` one entry an image (or a
        run, with `step` null).

    Raises:
        ImageError: labels of two engines, or of two calculators of the stand-in, would be mixed.
    """
    sets = []
    for label, node in sorted(inputs["datasets"].items()):
        images = node.get_images()
        sources = np.array([f"{label}/{source}" for source in images.sources])
        sets.append(replace(images, sources=sources))
    images = ImageSet.concatenate(sets)
    if len(kinds := {_kind(engine) for engine in images.engines.tolist()}) > 1:
        raise ImageError(f"labels of different engines cannot be mixed in one dataset: {', '.join(sorted(kinds))}")
    threshold = rule.get("outlier_threshold")
    outliers = (
        np.zeros(len(images), dtype=bool)
        if threshold is None
        else energy_outliers(images.energies / images.n_atoms, images.groups, threshold)
    )
    removed = [_removed(images, index, threshold) for index in np.flatnonzero(outliers)]
    removed += [
        {**entry, "source": f"{label}/{entry['source']}"}
        for label, node in sorted(inputs.get("left_out", {}).items())
        for entry in node.get_list()
    ]
    return {
        "images": ImageData(images.select(np.flatnonzero(~outliers))),
        "removed": orm.Dict({"outlier_threshold": threshold, "removed": removed, "kept": int((~outliers).sum())}),
    }


def _removed(images: ImageSet, index: int, threshold: float) -> dict[str, Any]:
    """Return the record of an image of abnormally high energy."""
    return {
        "group": str(images.groups[index]),
        "source": str(images.sources[index]),
        "step": int(images.steps[index]),
        "energy_per_atom": float(images.energies[index] / images.n_atoms[index]),
        "reason": f"energy more than {threshold:g} eV/atom above the median of its composition",
    }


def _kind(engine: str) -> str:
    """Return what must be the same for energies to be compared: a code, or one calculator of the stand-in."""
    code = engine.partition(" ")[0]
    return code if code in _CODES else engine
