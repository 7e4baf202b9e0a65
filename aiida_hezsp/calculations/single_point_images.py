"""Collect the images of single-point VASP calculations."""

from collections.abc import Mapping

from aiida import orm
from aiida.engine import calcfunction

from aiida_hezsp.calculations.vasp_images import images_of_runs
from aiida_hezsp.data import ImageData
from aiida_hezsp.potential.images import ImageSet

__all__ = ("single_point_images",)


@calcfunction
def single_point_images(groups: orm.Dict, **inputs: Mapping[str, orm.Data]) -> dict[str, orm.Data]:
    """Collect the images of single-point calculations.

    Args:
        groups: composition label by run key.
        inputs: namespaces `retrieved` and `trajectories`, keyed by run.

    Returns:
        `images`, if there are any, and `left_out`, a List of what was left out and why.
    """
    runs, left_out = images_of_runs(inputs, groups.get_dict())
    outputs: dict[str, orm.Data] = {"left_out": orm.List(left_out)}
    if runs:
        outputs["images"] = ImageData(ImageSet.concatenate(runs))
    return outputs
