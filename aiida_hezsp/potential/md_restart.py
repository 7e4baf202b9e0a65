"""Restart points of molecular dynamics."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.potential.arrays import read_npz, write_npz
from aiida_hezsp.potential.md_settings import MdSettings
from aiida_hezsp.potential.trajectory import Recorder

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ("fingerprint", "read_restart", "write_restart")

# Settings that may differ when a run goes on: they change where it ends and what is watched, not where it goes.
FREE_SETTINGS = ("n_steps", "restart_every", "max_temperature_factor", "max_displacement", "min_distance")
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
    """Set atoms and recorder to a restart point and return its step; a file that is refused changes nothing.

    Raises:
        TrajectoryError: the file is damaged or belongs to another run.
    """
    arrays = read_npz(path, required=NAMES, error=TrajectoryError)
    if arrays["fingerprint"].shape != () or str(arrays["fingerprint"]) != mark:
        raise TrajectoryError(f"{path} belongs to another run (structure, model or settings differ): remove it")
    step = _step(path, arrays["step"], recorder.settings)
    for name, (shape, kind) in _layout(step, len(atoms), recorder).items():
        found = arrays[name]
        if found.shape != shape or found.dtype != kind or not np.isfinite(found).all():
            raise TrajectoryError(
                f"{path} is damaged: {name} is {found.dtype} {found.shape}, not finite {kind} {shape}"
            )
    atoms.positions[:] = arrays["atom_positions"]
    atoms.set_momenta(arrays["momenta"])
    recorder.start = arrays["start"]
    for name in Recorder.NAMES:
        recorder.series[name] = list(arrays[name])
    return step


def _step(path: Path, found: NDArray[Any], settings: MdSettings) -> int:
    """Return the step of a restart point."""
    if found.shape != () or found.dtype.kind != "i" or found < 0:
        raise TrajectoryError(f"{path} is damaged: its step is {found!r}")
    if found > settings.n_steps:
        raise TrajectoryError(f"{path} is at step {found}, beyond the {settings.n_steps} steps asked for")
    return int(found)


def _layout(step: int, n_atoms: int, recorder: Recorder) -> dict[str, tuple[tuple[int, ...], type]]:
    """Return shape and type of every array at a step."""
    settings = recorder.settings
    records = step // settings.record_every + 1
    frames = 0 if settings.frames_every is None else step // settings.frames_every + 1
    return {
        "atom_positions": ((n_atoms, 3), np.float64),
        "momenta": ((n_atoms, 3), np.float64),
        "start": ((3,), np.float64),
        "positions": ((records, len(recorder.mobile), 3), np.float32),
        "temperatures": ((records,), np.float64),
        "potential_energies": ((records,), np.float64),
        "frames": ((frames, n_atoms, 3) if frames else (0,), np.float32 if frames else np.float64),
    }
