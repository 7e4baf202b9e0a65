"""Turn the outputs of VASP calculations into labelled images."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from aiida import orm

from aiida_hezsp.calculations.pw_images import images_of_pw_run, is_pw_run, left_out_of_pw_run
from aiida_hezsp.calculations.vasp_steps import converged_steps, read_steps
from aiida_hezsp.errors import HezspError, ImageError
from aiida_hezsp.potential.images import ImageSet
from aiida_hezsp.standin.banner import label_engine

__all__ = ("images_of_run", "images_of_runs", "site_moments")

KBAR_TO_GPA = -0.1  # VASP's sign is opposite to ASE's, which we keep
UNCONVERGED = "the electronic steps did not converge"


def site_moments(outcar: str, n_steps: int, n_atoms: int, *, killed: bool = False) -> np.ndarray:
    """Return |moment| (n_steps, n_atoms) in mu_B from the tables `magnetization (x)` of an OUTCAR.

    VASP prints one table an ionic step where LORBIT asks for it. Where their number is another one, only the last is
    certain to belong to a step, the last. NaN where nothing is known. A `killed` run may have printed a table of a
    step that it did not complete.
    """
    tables = []
    for block in outcar.split(" magnetization (x)")[1:]:
        rows = [line.split() for line in block.splitlines()[4 : 4 + n_atoms]]
        if len(rows) == n_atoms and all(len(row) > 1 and row[0] == str(n) for n, row in enumerate(rows, start=1)):
            tables.append([float(row[-1]) for row in rows])
    if killed:
        tables = tables[:n_steps]
    moments = np.full((n_steps, n_atoms), np.nan)
    if len(tables) == n_steps:
        moments[:] = np.abs(tables)
    elif tables:
        moments[-1] = np.abs(tables[-1])
    return moments


def images_of_run(
    trajectory: orm.TrajectoryData | None, retrieved: orm.FolderData, group: str, source: str
) -> ImageSet:
    """Return every completed ionic step of one VASP calculation as an image.

    Energies are `energy_extrapolated` (eV), stresses are converted from VASP's kB to GPa in ASE's sign. Moments are
    absolute values, where VASP printed them.

    Args:
        trajectory: as aiida-vasp's parser made it; None for a killed run, whose steps are read from vasprun.xml.
        retrieved: the files of the run.
        group: label of the composition.
        source: key of the run.

    Raises:
        ImageError: energies, forces or cells are missing, or no step was completed.
    """
    try:
        steps = read_steps(trajectory, retrieved)
    except ImageError as error:
        raise ImageError(f"run {source!r} of {group}: {error}") from error
    read = retrieved.base.repository.get_object_content
    outcar = read("OUTCAR")
    return ImageSet.from_frames(
        symbols=steps.symbols,
        cells=steps.cells,
        positions=np.einsum("fai,fij->faj", steps.positions, steps.cells),
        energies=steps.energies,
        forces=steps.forces,
        stresses=KBAR_TO_GPA * steps.stresses,
        magmoms=site_moments(outcar, len(steps), len(steps.symbols), killed=trajectory is None),
        group=group,
        source=source,
        engine=label_engine(read("vasp_output"), outcar),
    )


def images_of_runs(
    inputs: Mapping[str, Mapping[str, orm.Data]], groups: Mapping[str, str]
) -> tuple[list[ImageSet], list[dict[str, Any]]]:
    """Return the images of all runs, in the order of their keys (r2 before r10), and what was left out and why.

    Left out are images whose electronic steps did not converge (their energies and forces are wrong), and runs that
    cannot be read: one broken run does not cost the others.

    Args:
        inputs: namespace `retrieved` by run, and `trajectories` of those runs that were not killed.
        groups: composition label by run.

    Returns:
        The image sets, and one entry for each image or run left out: `group`, `source`, `step` (None for a whole run),
        `reason`.
    """
    sets: list[ImageSet] = []
    left_out: list[dict[str, Any]] = []
    trajectories, retrieved = inputs.get("trajectories", {}), inputs["retrieved"]
    for key in sorted(retrieved, key=lambda key: (len(key), key)):
        group = groups[key]
        try:
            if is_pw_run(retrieved[key]):
                sets.append(images_of_pw_run(retrieved[key], group, key))
                left_out += left_out_of_pw_run(retrieved[key], group, key)
                continue
            images = images_of_run(trajectories.get(key), retrieved[key], group, key)
        except (HezspError, FileNotFoundError) as error:
            left_out.append({"group": group, "source": key, "step": None, "reason": str(error)})
            continue
        good = converged_steps(retrieved[key].base.repository.get_object_content("OUTCAR"), len(images))
        left_out += [
            {"group": group, "source": key, "step": int(step), "reason": UNCONVERGED} for step in np.flatnonzero(~good)
        ]
        if good.any():
            sets.append(images.select(np.flatnonzero(good)))
    return sets, left_out
