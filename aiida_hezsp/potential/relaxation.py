"""Relax a structure: positions, or positions and cell."""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from aiida_hezsp.errors import ExplosionError, StructureError
from aiida_hezsp.potential.calculator import FastCHGNetCalculator

if TYPE_CHECKING:
    from collections.abc import Callable

    from ase import Atoms
    from ase.optimize.optimize import Optimizer

__all__ = ("RelaxResult", "RelaxSettings", "relax")

MAX_FORCE = 1e3  # eV/A; an overlap of atoms, not a structure
VOLUME_FACTOR = 3.0  # a cell that grows or shrinks by this much has not been relaxed but lost


@dataclass(frozen=True)
class RelaxSettings:
    """How to relax: force threshold `fmax` (eV/A), `max_steps`, ASE `optimizer`, and whether the cell moves."""

    fmax: float = 0.05
    max_steps: int = 500
    optimizer: Literal["FIRE", "LBFGS", "BFGS"] = "LBFGS"
    relax_cell: bool = True


@dataclass(frozen=True)
class RelaxResult:
    """The relaxed atoms (no calculator attached) and how they were reached.

    `energy` in eV, `fmax` in eV/A: the largest force on an atom or, where the cell moves, on a cell vector in the
    optimiser's coordinates.
    """

    atoms: "Atoms"
    energy: float
    fmax: float
    n_steps: int
    converged: bool


def relax(
    atoms: "Atoms",
    calculator: FastCHGNetCalculator,
    settings: RelaxSettings | None = None,
    report: "Callable[[int, float, float], None] | None" = None,
) -> RelaxResult:
    """Relax periodic atoms; the given ones are not changed.

    The cell moves in the logarithm of its deformation gradient (`ase.filters.FrechetCellFilter`), whose forces are
    exact derivatives of the energy, so that line-search free optimisers converge.

    Args:
        atoms: the structure.
        calculator: of the model.
        settings: `RelaxSettings()` by default.
        report: called after every step with the step, the energy (eV) and the largest force (eV/A).

    Raises:
        StructureError: two atoms sit on one place.
        ExplosionError: the run leaves everything physical.
    """
    from ase.filters import FrechetCellFilter

    settings = settings or RelaxSettings()
    work = atoms.copy()
    _check_distances(work)
    calculator.always = frozenset({"forces", "stress"} if settings.relax_cell else {"forces"})
    work.calc = calculator
    target = FrechetCellFilter(work) if settings.relax_cell else work
    optimizer = _optimizer(settings)(target, logfile=None)
    with warnings.catch_warnings():
        # scipy warns of errors of 3e-13 in the logarithm of the deformation, at every step.
        warnings.filterwarnings("ignore", message="logm result may be inaccurate", category=RuntimeWarning)
        for reached in optimizer.irun(fmax=settings.fmax, steps=settings.max_steps):
            converged = bool(reached)
            energy, fmax = work.get_potential_energy(), float(np.linalg.norm(target.get_forces(), axis=1).max())
            _guard(work, atoms.get_volume(), energy, optimizer.nsteps)
            if report is not None:
                report(optimizer.nsteps, energy, fmax)
    work.calc = None
    return RelaxResult(work, float(energy), fmax, optimizer.nsteps, converged)


def _optimizer(settings: RelaxSettings) -> "type[Optimizer]":
    """Return the optimiser's class."""
    from ase.optimize import BFGS, FIRE, LBFGS

    classes: dict[str, type[Optimizer]] = {"FIRE": FIRE, "LBFGS": LBFGS, "BFGS": BFGS}
    return classes[settings.optimizer]


def _check_distances(atoms: "Atoms") -> None:
    """Refuse atoms that coincide: no model has forces for them."""
    from ase.neighborlist import neighbor_list

    first, second = neighbor_list("ij", atoms, 0.1)
    if len(first):
        raise StructureError(f"atoms {first[0] + 1} and {second[0] + 1} are closer than 0.1 A")


def _guard(atoms: "Atoms", first_volume: float, energy: float, step: int) -> None:
    """End a run that blows up."""
    forces = atoms.get_forces()
    if not np.isfinite(energy) or not np.isfinite(forces).all() or np.abs(forces).max() > MAX_FORCE:
        raise ExplosionError(f"the relaxation has blown up at step {step}: forces beyond {MAX_FORCE:g} eV/A")
    ratio = atoms.get_volume() / first_volume
    if not 1 / VOLUME_FACTOR < ratio < VOLUME_FACTOR:
        raise ExplosionError(f"the relaxation has blown up at step {step}: the volume changed by a factor {ratio:.2g}")
