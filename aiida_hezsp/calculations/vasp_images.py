"""Turn the outputs of VASP calculations into labelled images."""

from collections.abc import Mapping

import numpy as np
from aiida import orm

from aiida_hezsp.errors import ImageError
from aiida_hezsp.potential.images import ImageSet
from aiida_hezsp.standin.banner import label_engine

__all__ = ("images_of_run", "images_of_runs", "site_moments")

KBAR_TO_GPA = -0.1  # VASP's sign is opposite to ASE's, which we keep


def site_moments(outcar: str, n_steps: int, n_atoms: int) -> np.ndarray:
    """Return |moment| (n_steps, n_atoms) in mu_B from the tables `magnetization (x)` of an OUTCAR.

    VASP prints one table an ionic step where LORBIT asks for it. Where their number is another one, only the last is
    certain to belong to a step, the last. NaN where nothing is known.
    """
    tables = []
    for block in outcar.split(" magnetization (x)")[1:]:
        rows = [line.split() for line in block.splitlines()[4 : 4 + n_atoms]]
        if len(rows) == n_atoms and all(len(row) > 1 and row[0] == str(n) for n, row in enumerate(rows, start=1)):
            tables.append([float(row[-1]) for row in rows])
    moments = np.full((n_steps, n_atoms), np.nan)
    if len(tables) == n_steps:
        moments[:] = np.abs(tables)
    elif tables:
        moments[-1] = np.abs(tables[-1])
    return moments


def images_of_run(trajectory: orm.TrajectoryData, retrieved: orm.FolderData, group: str, source: str) -> ImageSet:
    """Return every ionic step of one VASP calculation as an image.

    Energies are `energy_extrapolated` (eV), stresses are converted from VASP's kB to GPa in ASE's sign. Positions of
    aiida-vasp's trajectory are fractional. Moments are absolute values, where VASP printed them.

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
    read = retrieved.base.repository.get_object_content
    outcar = read("OUTCAR")
    return ImageSet.from_frames(
        symbols=symbols,
        cells=cells,
        positions=np.einsum("fai,fij->faj", fractional, cells),
        energies=energies,
        forces=np.asarray(trajectory.get_array("forces"), dtype=float)[:n_images],
        stresses=KBAR_TO_GPA * np.asarray(trajectory.get_array("stress"), dtype=float)[:n_images],
        magmoms=site_moments(outcar, n_images, len(symbols)),
        group=group,
        source=source,
        engine=label_engine(read("vasp_output"), outcar),
    )


def images_of_runs(inputs: Mapping[str, Mapping[str, orm.Data]], groups: Mapping[str, str]) -> list[ImageSet]:
    """Return the images of all runs, in the order of their keys (r2 before r10)."""
    trajectories = inputs["trajectories"]
    return [
        images_of_run(trajectories[key], inputs["retrieved"][key], groups[key], key)
        for key in sorted(trajectories, key=lambda key: (len(key), key))
    ]
