"""Molecular dynamics at constant temperature and cell, with restart points that change nothing."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aiida_hezsp.errors import StructureError
from aiida_hezsp.potential.md_guard import Guard
from aiida_hezsp.potential.md_restart import fingerprint, read_restart, write_restart
from aiida_hezsp.potential.md_settings import MdSettings
from aiida_hezsp.potential.trajectory import Recorder, Trajectory

if TYPE_CHECKING:
    from ase import Atoms
    from ase.md.nvtberendsen import NVTBerendsen

    from aiida_hezsp.potential.calculator import FastCHGNetCalculator

__all__ = ("run_md",)

Report = Callable[[int, float, float], None]


def run_md(
    atoms: "Atoms",
    calculator: "FastCHGNetCalculator",
    settings: MdSettings,
    *,
    restart_file: Path | None = None,
    identity: str = "",
    report: Report | None = None,
) -> Trajectory:
    """Run NVT molecular dynamics (Berendsen et al., J. Chem. Phys. 81, 3684 (1984), as in ASE) at a fixed cell.

    Velocities start from a seeded Maxwell-Boltzmann distribution with zero total momentum. A run that is killed and
    started again with the same restart file ends as an uninterrupted one does, bit for bit on one thread: the state is
    stored in float64, and nothing else is carried from step to step.

    Args:
        atoms: the start, periodic; not changed.
        calculator: of the model; it is told to compute forces only.
        settings: of the run.
        restart_file: written every `settings.restart_every` steps and at the end; read if it exists.
        identity: of the model (its checksum); a restart file of another model or run is refused.
        report: called with the step, the temperature (K) and the steps per second of this session, at every record.

    Raises:
        StructureError: there is no mobile ion, or nothing else.
        ExplosionError: the run leaves everything physical.
        TrajectoryError: the restart file is damaged or belongs to another run.
    """
    work = atoms.copy()
    calculator.always = frozenset({"forces"})
    work.calc = calculator
    mark = fingerprint(atoms, settings, identity)
    recorder = Recorder(work, _mobile_indices(work, settings.mobile), settings)
    guard = Guard(work, settings, recorder)
    if restart_file is not None and restart_file.exists():
        first = read_restart(restart_file, mark, work, recorder)
    else:
        first = _start(work, settings, guard, recorder)
    dynamics = _dynamics(work, settings)
    begin = time.perf_counter()
    for step in range(first + 1, settings.n_steps + 1):
        dynamics.step()
        guard.check_step(work, step)
        if recorder.record(work, step):
            guard.check_geometry(work, step)
            if report is not None:
                report(step, work.get_temperature(), (step - first) / (time.perf_counter() - begin))
        if restart_file is not None and (step % settings.restart_every == 0 or step == settings.n_steps):
            write_restart(restart_file, mark, step, work, recorder)
    return recorder.trajectory(settings.n_steps)


def _start(atoms: "Atoms", settings: MdSettings, guard: Guard, recorder: Recorder) -> int:
    """Check the start, draw velocities, record it; return its step."""
    guard.check_geometry(atoms, 0)
    _set_velocities(atoms, settings)
    recorder.record(atoms, 0)
    return 0


def _mobile_indices(atoms: "Atoms", element: str) -> list[int]:
    """Return the indices of the mobile ions."""
    mobile = [index for index, symbol in enumerate(atoms.symbols) if symbol == element]
    if not mobile:
        raise StructureError(f"the structure {atoms.symbols} holds no mobile {element}")
    if len(mobile) == len(atoms):
        raise StructureError(f"the structure {atoms.symbols} holds nothing but {element}: a framework is needed")
    return mobile


def _set_velocities(atoms: "Atoms", settings: MdSettings) -> None:
    """Draw velocities and take the total momentum away."""
    from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary

    rng = np.random.default_rng(settings.seed)
    MaxwellBoltzmannDistribution(atoms, temperature_K=settings.temperature, rng=rng)
    Stationary(atoms, preserve_temperature=True)


def _dynamics(atoms: "Atoms", settings: MdSettings) -> "NVTBerendsen":
    """Return ASE's integrator."""
    from ase import units
    from ase.md.nvtberendsen import NVTBerendsen

    return NVTBerendsen(
        atoms,
        timestep=settings.timestep * units.fs,
        temperature_K=settings.temperature,
        taut=settings.taut * units.fs,
    )
