"""Select images of a VASP relaxation."""

from collections.abc import Mapping

from aiida import orm
from aiida.engine import calcfunction

from aiida_hezsp.calculations.vasp_images import images_of_runs
from aiida_hezsp.data import ImageData
from aiida_hezsp.potential.images import ImageSet
from aiida_hezsp.potential.selection import relaxation_image_indices

__all__ = ("relaxation_images",)


@calcfunction
def relaxation_images(group: orm.Str, rule: orm.Dict, **inputs: Mapping[str, orm.Data]) -> dict[str, orm.Data]:
    """Select images of the relaxation of one composition (paper, supplementary text 1).

    Images whose electronic steps did not converge are no part of the path.

    Args:
        group: label of the composition.
        rule: `head` consecutive first images, `tail` random later ones, `seed`.
        inputs: namespaces `retrieved` and `trajectories`, keyed by run; the runs of a relaxation that was
            restarted are joined in the order of their keys. A killed run has no trajectory.

    Returns:
        `images`, if there are any, and `left_out`, a List of what was left out and why.
    """
    runs, left_out = images_of_runs(inputs, dict.fromkeys(inputs["retrieved"], group.value))
    outputs: dict[str, orm.Data] = {"left_out": orm.List(left_out)}
    if runs:
        images = ImageSet.concatenate(runs)
        chosen = relaxation_image_indices(len(images), head=rule["head"], tail=rule["tail"], seed=rule["seed"])
        outputs["images"] = ImageData(images.select(chosen))
    return outputs
