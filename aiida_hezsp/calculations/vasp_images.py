"""Turn the outputs of VASP calculations into labelled images."""

from collections.abc import Mapping

import numpy as np
from aiida import orm

from aiida_hezsp.errors import ImageError
from aiida_hezsp.potential.images import ImageSet
from aiida_hezsp.standin.banner import label_engine

__all__ = ("images_of_run", "images_of_runs")

KBAR_TO_GPA = -0.1  # VASP's sign is opposite to ASE's, which we keep


def _site_moments(misc: orm.Dict | None, n_atoms: int) -> np.ndarray:
    """Return |moment| per atom (mu_B) of the last step, NaN where VASP printed none."""
    table = (misc.get_dict() if misc else {}).get("site_magnetization") or {}
    moments = table.get("sphere", {}).get("x", {}).get("site_moment", {})
    if len(moments) != n_atoms:
        return np.full(n_atoms, np.nan)
    return np.abs([moments[key]["tot"] for key in sorted(moments, key=int)])


def _engine_of(retrieved: orm.FolderData) -> str:
    """Return what made the labels: ``vasp 6.4.2``, or ``standin`` and its calculator."""
    read = retrieved.base.repository.get_object_content
    return label_engine(read("vasp_output"), read("OUTCAR"))


def images_of_run(
    trajectory: orm.TrajectoryData, retrieved: orm.FolderData, misc: orm.Dict | None, group: str, source: str
) -> ImageSet:
    """Return every ionic step of one VASP calculation as an image.

    Energies are `energy_extrapolated` (eV), stresses are converted from VASP's kB to GPa in ASE's sign. Positions of
    aiida-vasp's trajectory are fractional. Moments are known for the last step only.

    Raises:
        ImageError: energies, forces or cells are missing.
    """
    names = set(trajectory.get_arraynames())
    if missing := {"positions", "cells", "forces", "stress", "energy_extrapolated"} - names:
        raise ImageError(f"the trajectory of run {source!r} of {group} lacks {', '.join(sorted(missing))}")
    energies = np.asarray(trajectory.get_array("energy_extrapolated"), dtype=float)
    n_images = len(energies)  # a one-step run has arrays of length 2 and one energy
    cells = np.asarray(trajectory.get_array("cells"), dtype=float)[:n_images]
    fractional = np.asarray(trajectory.get_array("positions"), dtype=float)[:n_images]
    symbols = trajectory.base.attributes.get("symbols")
    magmoms = np.full((n_images, len(symbols)), np.nan)
    magmoms[-1] = _site_moments(misc, len(symbols))
    return ImageSet.from_frames(
        symbols=symbols,
        cells=cells,
        positions=np.einsum("fai,fij->faj", fractional, cells),
        energies=energies,
        forces=np.asarray(trajectory.get_array("forces"), dtype=float)[:n_images],
        stresses=KBAR_TO_GPA * np.asarray(trajectory.get_array("stress"), dtype=float)[:n_images],
        magmoms=magmoms,
        group=group,
        source=source,
        engine=_engine_of(retrieved),
    )


def images_of_runs(inputs: Mapping[str, Mapping[str, orm.Data]], groups: Mapping[str, str]) -> list[ImageSet]:
    """Return the images of all runs, in the order of their keys."""
    misc = inputs.get("misc", {})
    return [
        images_of_run(trajectory, inputs["retrieved"][key], misc.get(key), groups[key], key)
        for key, trajectory in sorted(inputs["trajectories"].items())
    ]
