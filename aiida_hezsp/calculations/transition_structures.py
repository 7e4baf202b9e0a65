"""Pick the images of a trajectory in which most mobile ions are in transition."""

import numpy as np
from aiida import orm
from aiida.engine import calcfunction

from aiida_hezsp.data.structures import structure_data_from_engine
from aiida_hezsp.errors import ImageError

__all__ = ("transition_structures",)


@calcfunction
def transition_structures(
    structure: orm.StructureData, trajectory: orm.ArrayData, rule: orm.Dict
) -> dict[str, orm.Data | dict[str, orm.Data]]:
    """Select the images with most ions in transition (paper, supplementary text 1).

    An ion is in transition when the nearest mobile-ion site of the initial static structure is farther than `cutoff`.

    Args:
        structure: the initial static structure.
        trajectory: trajectory of `hezsp.md` with full `frames`.
        rule: `mobile` element, `cutoff` A, `n_images`.

    Returns:
        `structures.f<frame>`, and `counts`: ions in transition in the chosen frames.

    Raises:
        ImageError: the trajectory was recorded without full frames.
    """
    from aiida_hezsp.potential.selection import transition_counts, transition_image_indices

    if "frames" not in trajectory.get_arraynames():
        raise ImageError("the trajectory holds no full frames: run the MD with `frames_every`")
    symbols = [structure.get_kind(site.kind_name).symbol for site in structure.sites]
    mobile = [index for index, symbol in enumerate(symbols) if symbol == rule["mobile"]]
    sites = np.array([structure.sites[index].position for index in mobile])
    frames = np.asarray(trajectory.get_array("frames"), dtype=float)
    cell = np.array(structure.cell)
    counts = transition_counts(frames[:, mobile], cell, sites, cutoff=rule["cutoff"])
    chosen = transition_image_indices(counts, n=rule["n_images"])
    structures = {
        f"f{index}": structure_data_from_engine(
            {"symbols": symbols, "cell": structure.cell, "positions": frames[index].tolist()}
        )
        for index in chosen
    }
    report = {f"f{index}": int(counts[index]) for index in chosen}
    return {"structures": structures, "counts": orm.Dict({"in_transition": report, "n_frames": len(frames)})}
