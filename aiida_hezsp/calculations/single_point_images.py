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
        inputs: namespaces `trajectories` and `retrieved`, keyed by run.

    Returns:
        `images`.
    """
    return {"images": ImageData(ImageSet.concatenate(images_of_runs(inputs, groups.get_dict())))}
