"""The ionic steps of a VASP run, finished or killed, as arrays."""

import re
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from aiida import orm
from numpy.typing import NDArray

from aiida_hezsp.errors import ImageError

if TYPE_CHECKING:
    from pymatgen.io.vasp import Vasprun

__all__ = ("VaspSteps", "converged_steps", "read_steps")

_ITERATION = re.compile(r"Iteration\s+(\d+)\(\s*\d+\)|(aborting loop because EDIFF is reached)")
# What pymatgen raises on a vasprun.xml that ends before its first ionic step does.
_UNREADABLE = (AttributeError, IndexError, KeyError, SyntaxError, TypeError, ValueError)


@dataclass(frozen=True, eq=False)
class VaspSteps:
    """Completed ionic steps (F) of n atoms, in VASP's units and signs.

    `symbols` (n,); `cells` (F, 3, 3) A; `positions` (F, n, 3) fractional; `energies` (F,) eV, extrapolated to zero
    smearing; `forces` (F, n, 3) eV/A; `stresses` (F, 3, 3) kB, positive where the cell wants to expand.
    """

    symbols: list[str]
    cells: NDArray[np.float64]
    positions: NDArray[np.float64]
    energies: NDArray[np.float64]
    forces: NDArray[np.float64]
    stresses: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.energies)


def read_steps(trajectory: orm.TrajectoryData | None, retrieved: orm.FolderData) -> VaspSteps:
    """Return the completed ionic steps of a run.

    Args:
        trajectory: as aiida-vasp's parser made it; None where the run was killed, which leaves half a step at the end
            of vasprun.xml: the whole ones are read from there.
        retrieved: the files of the run.

    Raises:
        ImageError: energies, forces or cells are missing, or not one step was completed.
    """
    return _of_vasprun(retrieved) if trajectory is None else _of_trajectory(trajectory)


def converged_steps(outcar: str, n_steps: int) -> NDArray[np.bool_]:
    """Return which ionic steps (n_steps,) reached EDIFF; VASP goes on after NELM electronic steps as if nothing were.

    All of them where the text has no electronic steps at all (an abridged OUTCAR).
    """
    numbers, reached, current = set(), set(), 0
    for match in _ITERATION.finditer(outcar):
        if match[1] is not None:
            current = int(match[1])
            numbers.add(current)
        else:
            reached.add(current)
    if not numbers:
        return np.ones(n_steps, dtype=bool)
    return np.array([number in reached for number in range(1, n_steps + 1)], dtype=bool)


def _of_trajectory(trajectory: orm.TrajectoryData) -> VaspSteps:
    """Read aiida-vasp's trajectory, whose positions are fractional."""
    names = set(trajectory.get_arraynames())
    if missing := {"positions", "cells", "forces", "stress", "energy_extrapolated"} - names:
        raise ImageError(f"the trajectory lacks {', '.join(sorted(missing))}")
    energies = np.asarray(trajectory.get_array("energy_extrapolated"), dtype=float)
    count = len(energies)  # a one-step run has arrays of length 2 and one energy
    arrays = {
        name: np.asarray(trajectory.get_array(key), dtype=float)[:count]
        for name, key in (("cells", "cells"), ("positions", "positions"), ("forces", "forces"), ("stresses", "stress"))
    }
    return VaspSteps(symbols=list(trajectory.base.attributes.get("symbols")), energies=energies, **arrays)


def _of_vasprun(retrieved: orm.FolderData) -> VaspSteps:
    """Read the completed steps of a vasprun.xml that may be cut off."""
    if "vasprun.xml" not in retrieved.base.repository.list_object_names():
        raise ImageError("there is no vasprun.xml")
    content = retrieved.base.repository.get_object_content("vasprun.xml", mode="rb")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vasprun.xml"
        path.write_bytes(content)
        vasprun = _vasprun(path)
    steps = [step for step in vasprun.ionic_steps if {"forces", "stress", "structure"} <= set(step)] if vasprun else []
    if not steps:
        raise ImageError("not one ionic step was completed")
    return VaspSteps(
        symbols=[site.specie.symbol for site in steps[0]["structure"]],
        cells=np.array([step["structure"].lattice.matrix for step in steps]),
        positions=np.array([step["structure"].frac_coords for step in steps]),
        energies=np.array([_energy(step) for step in steps]),
        forces=np.array([step["forces"] for step in steps], dtype=float),
        stresses=np.array([step["stress"] for step in steps], dtype=float),
    )


def _vasprun(path: Path) -> "Vasprun | None":
    """Return what pymatgen can read of a vasprun.xml, if anything."""
    from pymatgen.io.vasp import Vasprun

    quick = {"parse_dos": False, "parse_eigen": False, "parse_potcar_file": False, "exception_on_bad_xml": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return Vasprun(path, **quick)
        except _UNREADABLE:
            return None


def _energy(step: dict[str, Any]) -> float:
    """Return the energy extrapolated to zero smearing: VASP 5 writes it only with the electronic steps."""
    return float(step["electronic_steps"][-1]["e_0_energy"])
