"""The four input files of a VASP job, read and checked against each other."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.neighborlist import neighbor_list

from aiida_hezsp.errors import StandinError
from aiida_hezsp.standin.incar import Incar, parse_incar
from aiida_hezsp.standin.kpoints import Kpoints, from_spacing, read_kpoints
from aiida_hezsp.standin.poscar import Poscar, read_poscar
from aiida_hezsp.standin.potcar import PotcarHeader, read_potcar
from aiida_hezsp.standin.settings import Settings, read_settings

__all__ = ("Job", "read_job")

_TOO_CLOSE = 0.5  # A


@dataclass(frozen=True)
class Job:
    """Everything a run needs, from INCAR, POSCAR, KPOINTS and POTCAR."""

    incar: Incar
    settings: Settings
    poscar: Poscar
    potcar: tuple[PotcarHeader, ...]
    kpoints: Kpoints
    atoms: Atoms

    @property
    def elements(self) -> tuple[str, ...]:
        """Element of each species, in POSCAR's order."""
        return tuple(header.element for header in self.potcar)

    @property
    def n_electrons(self) -> float:
        """NELECT of INCAR, or the sum of POTCAR's valence electrons."""
        total = sum(header.zval * count for header, count in zip(self.potcar, self.poscar.counts, strict=True))
        return self.incar.real("NELECT", total)

    @property
    def n_bands(self) -> int:
        """NBANDS of INCAR, or VASP's rule: half the electrons and half the ions."""
        default = max(int(np.ceil((self.n_electrons + len(self.atoms)) / 2)), int(np.ceil(0.6 * self.n_electrons)))
        return self.incar.integer("NBANDS", default)


def read_job(folder: Path) -> Job:
    """Read and check the inputs in `folder`.

    Raises:
        StandinError: a file is missing or unreadable, or POSCAR and POTCAR disagree, or ions overlap.
    """
    incar_path = folder / "INCAR"
    if not incar_path.is_file():
        raise StandinError(" No INCAR found, STOPPING")
    incar = parse_incar(incar_path.read_text(encoding="utf-8", errors="replace"))
    poscar = read_poscar(folder / "POSCAR")
    potcar = read_potcar(folder / "POTCAR")
    _check_types(poscar, potcar)
    settings = read_settings(incar, sum(poscar.counts))
    kpoints_path = folder / "KPOINTS"
    if kpoints_path.is_file():
        kpoints = read_kpoints(kpoints_path)
    else:
        kpoints = from_spacing(settings.kspacing, poscar.cell, gamma=settings.kgamma)
    atoms = poscar.atoms(tuple(header.element for header in potcar))
    _check_distances(atoms)
    if settings.magmom and settings.ispin > 1:
        atoms.set_initial_magnetic_moments(settings.magmom)
    return Job(incar, settings, poscar, potcar, kpoints, atoms)


def _check_types(poscar: Poscar, potcar: tuple[PotcarHeader, ...]) -> None:
    if len(poscar.species) != len(potcar):
        raise StandinError(
            f" ERROR: number of potentials on File POTCAR incompatible with number of species: POTCAR has {len(potcar)}"
            f" ({' '.join(header.element for header in potcar)}), POSCAR has {len(poscar.species)}"
            f" ({' '.join(poscar.species)})"
        )
    for number, (species, header) in enumerate(zip(poscar.species, potcar, strict=True), 1):
        if _stem(species) != header.element.lower():
            raise StandinError(
                " ERROR: the type information on POSCAR and POTCAR are incompatible: species "
                f"{number} is {species} in POSCAR and {header.element} in POTCAR"
            )


def _stem(species: str) -> str:
    """`Fe_pv`, `Fe1` -> `fe`."""
    return re.split(r"[_/0-9]", species, maxsplit=1)[0].lower()


def _check_distances(atoms: Atoms) -> None:
    first, second, distance = neighbor_list("ijd", atoms, _TOO_CLOSE)
    if len(first):
        at = int(np.argmin(distance))
        raise StandinError(
            " VERY BAD NEWS! internal error in subroutine CHECK_DISTANCE: "
            "The distance between some ions is very small: "
            f"{distance[at]:.3f} A between ions {first[at] + 1} and {second[at] + 1}. Please check POSCAR."
        )
