"""Restart points of molecular dynamics."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.potential.arrays import read_npz, write_npz
from aiida_hezsp.potential.md_settings import MdSettings
from aiida_hezsp.potential.trajectory import Recorder

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ("fingerprint", "read_restart", "write_restart")

# Settings that may differ when a run goes on: they change where it ends and what is watched, not where it goes.
FREE_SETTINGS = ("n_steps", "restart_every", "max_temperature_factor")
NAMES = ("fingerprint", "step", "atom_positions", "momenta", "start", *Recorder.NAMES)


def fingerprint(atoms: "Atoms", settings: MdSettings, identity: str) -> str:
    """Return a checksum of everything that decides the course of a run."""
    chosen = {key: value for key, value in asdict(settings).items() if key not in FREE_SETTINGS}
    digest = hashlib.sha256(json.dumps([chosen, identity], sort_keys=True).encode())
    for array in (atoms.numbers, atoms.positions, atoms.cell.array):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def write_restart(path: Path, mark: str, step: int, atoms: "Atoms", recorder: Recorder) -> None:
    """Write a restart point; a reader finds the one before or this one, never a part."""
    arrays = {
        "fingerprint": np.array(mark),
        "step": np.array(step),
        "atom_positions": atoms.positions,
        "momenta": atoms.get_momenta(),
        "start": recorder.start,
    }
    write_npz(path, arrays | {name: np.array(values) for name, values in recorder.series.items()}, compress=False)


def read_restart(path: Path, mark: str, atoms: "Atoms", recorder: Recorder) -> int:
    """Set atoms and recorder to a restart point and return its step.

    Raises:
        TrajectoryError: the file is damaged or belongs to another run.
    """
    arrays = read_npz(path, required=NAMES, error=TrajectoryError)
    if str(arrays["fingerprint"]) != mark:
        raise TrajectoryError(f"{path} belongs to another run (structure, model or settings differ): remove it")
    if arrays["atom_positions"].shape != atoms.positions.shape or arrays["momenta"].shape != atoms.positions.shape:
        raise TrajectoryError(f"{path} is damaged: positions do not fit the structure")
    atoms.positions[:] = arrays["atom_positions"]
    atoms.set_momenta(arrays["momenta"])
    if (step := int(arrays["step"])) > recorder.settings.n_steps:
        raise TrajectoryError(f"{path} is at step {step}, beyond the {recorder.settings.n_steps} steps asked for")
    recorder.start = arrays["start"]
    for name in Recorder.NAMES:
        recorder.series[name] = list(arrays[name])
    return step
