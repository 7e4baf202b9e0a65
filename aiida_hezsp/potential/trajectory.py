"""What is kept of a molecular dynamics run: mobile ions, thermodynamics, frames where asked for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.potential.md_settings import MdSettings

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ("Recorder", "Trajectory")


@dataclass(frozen=True, eq=False)
class Trajectory:
    """A recorded run.

    `positions` (frames, ions, 3) float32 A, unwrapped, drift of the framework's centre of mass removed; `times`
    (frames,) fs; `temperatures` (frames,) K; `potential_energies` (frames,) eV; `cell` (3, 3) A; `mobile_indices`
    (ions,); `frames` (n, atoms, 3) float32 A, unwrapped, as they are, and `frame_times` (n,) fs, or None.
    """

    positions: NDArray[np.float32]
    times: NDArray[np.float64]
    temperatures: NDArray[np.float64]
    potential_energies: NDArray[np.float64]
    cell: NDArray[np.float64]
    mobile_indices: NDArray[np.int64]
    frames: NDArray[np.float32] | None = None
    frame_times: NDArray[np.float64] | None = None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, without those that were not recorded."""
        return {name: value for name, value in vars(self).items() if value is not None}


class Recorder:
    """Collects the records of a run; `series` is all it needs to go on after a restart."""

    NAMES = ("positions", "temperatures", "potential_energies", "frames")

    def __init__(self, atoms: "Atoms", mobile: list[int], settings: MdSettings) -> None:
        self.settings = settings
        self.mobile = np.array(mobile, dtype=np.int64)
        self.framework = np.setdiff1d(np.arange(len(atoms)), self.mobile)
        masses = atoms.get_masses()[self.framework]
        self.weights = masses / masses.sum()
        self.start = self._centre(atoms)
        self.cell = atoms.cell.array.copy()
        self.series: dict[str, list[Any]] = {name: [] for name in self.NAMES}

    def record(self, atoms: "Atoms", step: int) -> bool:
        """Record a step if its turn has come; return whether it was recorded."""
        every = self.settings.frames_every
        if every is not None and step % every == 0:
            self.series["frames"].append(atoms.positions.astype(np.float32))
        if step % self.settings.record_every:
            return False
        self.series["positions"].append((atoms.positions[self.mobile] - self.drift(atoms)).astype(np.float32))
        self.series["temperatures"].append(float(atoms.get_temperature()))
        self.series["potential_energies"].append(float(atoms.get_potential_energy()))
        return True

    def drift(self, atoms: "Atoms") -> NDArray[np.float64]:
        """Return how far the framework's centre of mass has moved since the start (3,) in A."""
        return self._centre(atoms) - self.start

    def trajectory(self, n_steps: int) -> Trajectory:
        """Return what was recorded in a run of `n_steps`."""
        every, frames = self.settings.frames_every, self.series["frames"]
        with_frames = every is not None and bool(frames)
        return Trajectory(
            positions=np.array(self.series["positions"], dtype=np.float32),
            times=self._times(n_steps, self.settings.record_every),
            temperatures=np.array(self.series["temperatures"]),
            potential_energies=np.array(self.series["potential_energies"]),
            cell=self.cell,
            mobile_indices=self.mobile,
            frames=np.array(frames, dtype=np.float32) if with_frames else None,
            frame_times=self._times(n_steps, every) if with_frames and every is not None else None,
        )

    def _times(self, n_steps: int, every: int) -> NDArray[np.float64]:
        """Return the times of the records in fs."""
        return np.arange(n_steps // every + 1, dtype=np.float64) * every * self.settings.timestep

    def _centre(self, atoms: "Atoms") -> NDArray[np.float64]:
        """Return the framework's centre of mass (3,) in A."""
        return np.asarray(self.weights @ atoms.positions[self.framework], dtype=np.float64)
