"""What INCAR asks for: the tags the stand-in obeys, with VASP's defaults, checked.

Units as in VASP: energies eV, forces eV/A (negative EDIFFG), POTIM fs in MD, temperatures K, moments mu_B.
"""

from dataclasses import dataclass
from typing import Literal

from aiida_hezsp.errors import StandinError
from aiida_hezsp.standin.incar import Incar

__all__ = ("NVE_SMASS", "OBEYED", "SPIN_POLARISED", "Settings", "read_settings")

Task = Literal["static", "relax", "md"]

RELAXATIONS = (1, 2, 3)
MD, STATIC = 0, -1
# Nose-Hoover (also what MDALGO=0 with SMASS>=0 means in VASP); NVE is SMASS=-3.
NVE_SMASS = -3.0
CELL_ISIF = 3
ORBITAL_MOMENTS = 10  # LORBIT from which VASP writes the moments of the ions
SPIN_POLARISED = 2

# Tags that change what the stand-in does; all others are copied into vasprun.xml and otherwise ignored.
OBEYED = frozenset({
    "NSW", "IBRION", "ISIF", "EDIFF", "EDIFFG", "NELM", "NELMIN", "ISPIN", "MAGMOM", "LORBIT", "POTIM", "TEBEG",
    "TEEND", "SMASS", "MDALGO", "RANDOM_SEED", "ENCUT", "KSPACING", "KGAMMA", "NELECT", "NBANDS", "SYSTEM",
})  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """Checked settings of one run."""

    system: str
    nsw: int
    ibrion: int
    isif: int
    ediff: float
    ediffg: float
    nelm: int
    nelmin: int
    ispin: int
    magmom: tuple[float, ...]
    lorbit: int
    potim: float
    tebeg: float
    teend: float
    smass: float
    mdalgo: int
    random_seed: int | None
    encut: float | None
    kspacing: float
    kgamma: bool

    @property
    def task(self) -> Task:
        """Single point, relaxation or molecular dynamics."""
        if self.nsw == 0 or self.ibrion == STATIC:
            return "static"
        return "md" if self.ibrion == MD else "relax"

    @property
    def moves_cell(self) -> bool:
        """Whether the cell relaxes too."""
        return self.task == "relax" and self.isif == CELL_ISIF

    @property
    def writes_moments(self) -> bool:
        """Whether VASP would write the moments of the ions into OUTCAR."""
        return self.ispin == SPIN_POLARISED and self.lorbit >= ORBITAL_MOMENTS


def read_settings(incar: Incar, n_atoms: int) -> Settings:
    """Settings of a run of `n_atoms` ions.

    Raises:
        StandinError: a tag cannot be read, or asks for what the stand-in (or VASP) cannot do.
    """
    nsw = max(incar.integer("NSW", 0), 0)
    ibrion = incar.integer("IBRION", STATIC if nsw == 0 else MD)
    ediff = incar.real("EDIFF", 1e-4)
    tebeg = incar.real("TEBEG", 0.0)
    seed = incar.reals("RANDOM_SEED")
    settings = Settings(
        system=incar.tags.get("SYSTEM", "unknown system"),
        nsw=nsw,
        ibrion=ibrion,
        isif=incar.integer("ISIF", 0 if ibrion == MD else 2),
        ediff=ediff,
        ediffg=incar.real("EDIFFG", 10 * ediff),
        nelm=incar.integer("NELM", 60),
        nelmin=incar.integer("NELMIN", 2),
        ispin=incar.integer("ISPIN", 1),
        magmom=tuple(incar.reals("MAGMOM")),
        lorbit=incar.integer("LORBIT", 0),
        potim=incar.real("POTIM", 0.5),
        tebeg=tebeg,
        teend=incar.real("TEEND", tebeg),
        smass=incar.real("SMASS", NVE_SMASS),
        mdalgo=incar.integer("MDALGO", 0),
        random_seed=int(seed[0]) if seed else None,
        encut=incar.real("ENCUT", 0.0) or None,
        kspacing=incar.real("KSPACING", 0.5),
        kgamma=incar.logical("KGAMMA", default=True),
    )
    _check(settings, n_atoms)
    if settings.task == "md" and "POTIM" not in incar.tags:
        raise StandinError(" Fatal error! IBRION=0, but no entry for POTIM on file INCAR. MUST be specified!!")
    return settings


def _check(settings: Settings, n_atoms: int) -> None:
    if settings.kspacing <= 0:
        raise StandinError(f" Error reading item 'KSPACING' from file INCAR: {settings.kspacing:g} is not positive.")
    if settings.nelm < 1:
        raise StandinError(f" Error reading item 'NELM' from file INCAR: {settings.nelm} is less than 1.")
    if settings.ispin not in {1, 2}:
        raise StandinError(f" Error reading item 'ISPIN' from file INCAR: {settings.ispin} is neither 1 nor 2.")
    if settings.ispin == SPIN_POLARISED and settings.magmom and len(settings.magmom) != n_atoms:
        raise StandinError(
            " Error reading item 'MAGMOM' from file INCAR.\n"
            f" Error code was IERR= 0 . Found N= {len(settings.magmom)} data, expected {n_atoms}."
        )
    if settings.task == "relax":
        _check_relaxation(settings)
    if settings.task == "md":
        _check_dynamics(settings)


def _check_relaxation(settings: Settings) -> None:
    if settings.ibrion not in RELAXATIONS:
        raise StandinError(f" ERROR: IBRION= {settings.ibrion} is not supported by the stand-in (-1, 0, 1, 2, 3 are).")
    if settings.isif not in {2, CELL_ISIF}:
        raise StandinError(
            f" VERY BAD NEWS! internal error in subroutine CHECK_ISIF: ISIF= {settings.isif} is not supported by the "
            "stand-in (2: ions, 3: ions and cell)."
        )


def _check_dynamics(settings: Settings) -> None:
    if settings.isif >= CELL_ISIF:
        raise StandinError(
            f" VERY BAD NEWS! internal error in subroutine CHECK_ISIF: ISIF= {settings.isif} moves the cell, which the "
            "stand-in does not do in MD (0, 1, 2 are supported)."
        )
    if settings.mdalgo not in {0, 2}:
        raise StandinError(f" ERROR: MDALGO= {settings.mdalgo} is not supported by the stand-in (0 and 2 are).")
    if settings.smass < 0 and settings.smass != NVE_SMASS and settings.mdalgo == 0:
        raise StandinError(
            f" ERROR: SMASS= {settings.smass:g} is not supported by the stand-in (>=0: NVT Nose-Hoover, -3: NVE)."
        )
    if settings.potim <= 0:
        raise StandinError(f" Error reading item 'POTIM' from file INCAR: {settings.potim:g} fs is no time step.")
