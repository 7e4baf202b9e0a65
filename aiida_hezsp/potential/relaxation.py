"""Relax a structure: positions, or positions and cell."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from aiida_hezsp.errors import ExplosionError, StructureError
from aiida_hezsp.potential.calculator import FastCHGNetCalculator
from aiida_hezsp.potential.relax_restart import RelaxPoint

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ("OptimizerName", "RelaxResult", "RelaxSettings", "relax")

OptimizerName = Literal["LBFGS", "BFGS", "FIRE"]
Report = Callable[[int, float, float], None]
MAX_FORCE = 1e3  # eV/A; an overlap of atoms, not a structure
VOLUME_FACTOR = 3.0  # a cell that grows or shrinks by this much has not been relaxed but lost
# The quasi-Newton optimisers begin with one curvature for all coordinates, CURVATURE in eV/A^2. Atoms of oxides have 5
# to 50. The cell has volume times elastic constant over the square of the factor that makes a length of its strain,
# which is about the same for CELL_FACTOR times the root of the number of atoms (13 A^3 an atom, 1 eV/A^3 = 160 GPa).
# ASE's own choice, the number of atoms itself, makes the cell softer, the softer the larger it is.
CURVATURE = 25.0
CELL_FACTOR = 0.7
# Where the curvature is negative LBFGS may go uphill: after so many steps without a lower energy FIRE takes over.
PATIENCE = 15


@dataclass(frozen=True)
class RelaxSettings:
    """How to relax: force threshold `fmax` (eV/A), `max_steps`, ASE `optimizer`, whether the cell moves, and
    `restart_every`, the steps between restart points.
    """  # noqa: D205 - one sentence

    fmax: float = 0.05
    max_steps: int = 500
    optimizer: OptimizerName = "LBFGS"
    relax_cell: bool = True
    restart_every: int = 5


@dataclass(frozen=True)
class RelaxResult:
    """The relaxed atoms (no calculator attached) and how they were reached.

    `energy` in eV, `fmax` in eV/A: the largest force on an atom or, where the cell moves, on a cell vector in the
    coordinates of chgnet's `StructOptimizer` (the virial over the number of atoms), whatever the optimiser.
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
    report: Report | None = None,
    *,
    restart_file: Path | None = None,
    identity: str = "",
) -> RelaxResult:
    """Relax periodic atoms; the given ones are not changed.

    The cell moves in the logarithm of its deformation gradient (`ase.filters.FrechetCellFilter`), whose forces are
    exact derivatives of the energy, so that line-search free optimisers converge.

    A relaxation that is killed and started again with the same restart file goes on from the last geometry in it; the
    optimiser's memory begins anew.

    Args:
        atoms: the structure.
        calculator: of the model.
        settings: `RelaxSettings()` by default.
        report: called after every step with the step, the energy (eV) and the largest force (eV/A).
        restart_file: written every `settings.restart_every` steps and at the end; read if it exists.
        identity: of the model (its checksum); a restart file of another model, structure or kind of run is not used.

    Raises:
        StructureError: two atoms sit on one place.
        ExplosionError: the run leaves everything physical.
        TrajectoryError: the restart file is damaged.
    """
    settings = settings or RelaxSettings()
    work = atoms.copy()
    _check_distances(work)
    course = {"optimizer": settings.optimizer, "relax_cell": settings.relax_cell}
    point = None if restart_file is None else RelaxPoint.of(restart_file, atoms, course, identity)
    before = 0 if point is None else point.read(work)
    calculator.always = frozenset({"forces", "stress"} if settings.relax_cell else {"forces"})
    work.calc = calculator
    with _quiet():
        for step, energy, fmax in _steps(work, settings, before):
            _guard(work, atoms.get_volume(), energy, step)
            if report is not None:
                report(step, energy, fmax)
            last = fmax <= settings.fmax or step >= settings.max_steps
            if point is not None and step > before and (last or step % settings.restart_every == 0):
                point.write(work, step)
            if last:
                break
    work.calc = None
    return RelaxResult(work, energy, fmax, step, fmax <= settings.fmax)


def _steps(atoms: "Atoms", settings: RelaxSettings, before: int) -> Iterator[tuple[int, float, float]]:
    """Move the atoms; yield step, energy (eV) and largest force (eV/A), first of all as they are."""
    from ase.filters import FrechetCellFilter

    n = len(atoms)
    factor = float(n) if settings.optimizer == "FIRE" else CELL_FACTOR * n**0.5
    target = FrechetCellFilter(atoms, exp_cell_factor=factor) if settings.relax_cell else atoms
    done, stale, lowest = before, 0, np.inf
    for name in (settings.optimizer, "FIRE"):
        optimizer = _optimizer(name, target)
        # The threshold is judged here, in coordinates that do not depend on the optimiser.
        for _ in optimizer.irun(fmax=0.0, steps=max(settings.max_steps - done, 0)):
            if done > before and optimizer.nsteps == 0:
                continue  # where the first optimiser ended, which was reported
            forces, energy = target.get_forces(), float(atoms.get_potential_energy())
            forces[n:] *= factor / n
            yield done + optimizer.nsteps, energy, float(np.linalg.norm(forces, axis=1).max())
            stale = 0 if energy < lowest else stale + 1
            lowest = min(lowest, energy)
            if name != "FIRE" and stale > PATIENCE:
                break
        else:
            return
        done += optimizer.nsteps


def _optimizer(name: str, target: Any) -> Any:
    """Return an optimiser of atoms or of a filter."""
    return _optimizer_class(name)(target, logfile=None, **({} if name == "FIRE" else {"alpha": CURVATURE}))


def _optimizer_class(name: str) -> Any:
    """Return the optimiser's class."""
    from ase.optimize import BFGS, FIRE, LBFGS

    return {"FIRE": FIRE, "LBFGS": LBFGS, "BFGS": BFGS}[name]


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence scipy, which warns of errors of 3e-13 in the logarithm of the deformation, at every step."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="logm result may be inaccurate", category=RuntimeWarning)
        yield


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
