"""Relaxation: ASE optimisers, one evaluation a step, stopped by VASP's EDIFFG.

IBRION 1 (quasi-Newton): BFGS. IBRION 2 (conjugate gradient): L-BFGS. IBRION 3 (damped MD): FIRE. With ISIF=3 the cell
moves in the log-strain coordinates of `FrechetCellFilter`. POTIM scales the first step as in VASP (default 0.5).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from ase import Atoms
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS, FIRE, LBFGS

from aiida_hezsp.errors import StandinError
from aiida_hezsp.standin.labels import Labels, evaluate, guarded
from aiida_hezsp.standin.settings import Settings

__all__ = ("OPTIMIZERS", "relax")

OPTIMIZERS = {1: "BFGS", 2: "LBFGS", 3: "FIRE"}
_CURVATURE = 35.0  # eV/A^2 at POTIM=1; ASE's 70 at VASP's default POTIM=0.5
_FIRE_TIMESTEP = 0.2  # at POTIM=1


def relax(atoms: Atoms, settings: Settings, *, ignore_ediffg: bool = False) -> Iterator[tuple[Labels, bool]]:
    """Move `atoms` in place; yield the labels of each of at most NSW ionic steps and whether EDIFFG is met.

    EDIFFG < 0: the force on every ion (without fixed coordinates), and with ISIF=3 the virial over the number of
    ions, are below |EDIFFG| eV/A. EDIFFG > 0: the energy changed by less than EDIFFG eV since the last step.
    Iteration ends after the step that meets it; `ignore_ediffg` uses all NSW steps.
    """
    labels = evaluate(atoms)
    if settings.moves_cell and labels.stress is None:
        raise StandinError(" ERROR: ISIF= 3 needs the stress, which this calculator does not provide.")
    moving = FrechetCellFilter(atoms) if settings.moves_cell else atoms
    optimizer = _optimizer(moving, settings)
    last: float | None = None
    for _ in guarded(optimizer.irun(fmax=0.0, steps=settings.nsw - 1)):
        labels = evaluate(atoms)
        reached = not ignore_ediffg and _reached(moving, labels, last, settings.ediffg)
        yield labels, reached
        if reached:
            return
        last = labels.energy


def _optimizer(moving: Any, settings: Settings) -> Any:
    if settings.potim <= 0:
        raise StandinError(f" ERROR: POTIM= {settings.potim:g} is no step width for a relaxation.")
    if settings.ibrion == 3:  # noqa: PLR2004
        return FIRE(moving, logfile=None, dt=_FIRE_TIMESTEP * settings.potim)
    optimizer = BFGS if settings.ibrion == 1 else LBFGS
    return optimizer(moving, logfile=None, alpha=_CURVATURE / settings.potim)


def _reached(moving: Any, labels: Labels, last: float | None, ediffg: float) -> bool:
    if ediffg < 0:
        return bool(np.linalg.norm(moving.get_forces(), axis=1).max() < -ediffg)
    return last is not None and abs(labels.energy - last) < ediffg
