"""One ionic step as the writers see it."""

from dataclasses import dataclass

from ase import Atoms

from aiida_hezsp.standin.labels import Labels
from aiida_hezsp.standin.scf import ScfCycle

__all__ = ("Step", "Thermo")


@dataclass(frozen=True)
class Thermo:
    """MD: temperature (K, of 3N-3 degrees of freedom), kinetic and conserved energy (eV)."""

    temperature: float
    kinetic: float
    conserved: float


@dataclass(frozen=True)
class Step:
    """Ionic step `number` (from 1): structure, labels, made-up electronic steps, in MD the thermodynamics."""

    number: int
    atoms: Atoms
    labels: Labels
    scf: ScfCycle
    thermo: Thermo | None = None
