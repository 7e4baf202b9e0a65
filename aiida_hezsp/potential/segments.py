"""Join the segments of a molecular dynamics run into one trajectory, and notice where they do not belong together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.potential.trajectory import Trajectory

__all__ = ("JoinSettings", "Segment", "follows", "join_segments", "unwrapped")

Floats = NDArray[np.float64]
SAME = 1e-5  # A; a frame that differs by less is the same one
NEAR_ONE = (0.5, 1.5)  # the step across a boundary, in units of the step before it


@dataclass(frozen=True, eq=False)
class Segment:
    """One run: every step of it, at a fixed cell.

    `name` for messages; `positions` (steps, atoms, 3) fractional, wrapped or not; `energies` (steps,) eV;
    `temperatures` (steps,) K, NaN where they are not known.
    """

    name: str
    positions: Floats
    energies: Floats
    temperatures: Floats

    def __post_init__(self) -> None:
        shape = self.positions.shape
        if len(shape) != 3 or shape[2] != 3 or 0 in shape:  # noqa: PLR2004 - (steps, atoms, 3)
            raise TrajectoryError(f"segment {self.name}: positions have the shape {shape}: (steps, atoms, 3) is needed")
        if self.energies.shape != (shape[0],) or self.temperatures.shape != (shape[0],):
            raise TrajectoryError(f"segment {self.name}: one energy and one temperature a step are needed")
        if not np.isfinite(self.positions).all() or not np.isfinite(self.energies).all():
            raise TrajectoryError(f"segment {self.name}: positions or energies are not finite")

    def without_first(self) -> "Segment":
        """Return the segment without its first step."""
        return Segment(self.name, self.positions[1:], self.energies[1:], self.temperatures[1:])


@dataclass(frozen=True)
class JoinSettings:
    """What is kept of a joined run: `timestep` fs, `mobile` element, `record_every` and `frames_every` steps."""

    timestep: float
    mobile: str
    record_every: int = 10
    frames_every: int = 100


def unwrapped(positions: ArrayLike, before: ArrayLike | None = None) -> Floats:
    """Return fractional positions (steps, atoms, 3) without jumps: each step goes to the nearest periodic image.

    Right as long as no atom moves by half a cell within a step.

    Args:
        positions: (steps, atoms, 3) fractional.
        before: (atoms, 3) unwrapped fractional positions of the step before; the first step stays as it is without.
    """
    values = np.asarray(positions, dtype=np.float64)
    start = values[0] if before is None else np.asarray(before, dtype=np.float64)
    moves = np.diff(values, axis=0, prepend=start[None])
    return np.asarray(start + np.cumsum(moves - np.rint(moves), axis=0))


def follows(before: ArrayLike, after: ArrayLike, cell: ArrayLike, masses: ArrayLike) -> int:
    """Return by how many time steps the first frame of `after` follows the last one of `before`: 0 or 1.

    The step across the boundary is projected on the step before it: s = sum m d.d' / sum m d.d. Velocities hardly
    change within a step, so that s is near 1 where the run goes on, near 2 where a step is missing, and near 0 where
    velocities were drawn anew. 0 is returned for a frame that is repeated, as a run killed between two frames does.

    Args:
        before: (steps, atoms, 3) fractional, two steps at least.
        after: (steps, atoms, 3) fractional.
        cell: (3, 3) A, rows are vectors.
        masses: (atoms,), any unit.

    Raises:
        TrajectoryError: `after` does not continue `before`.
    """
    earlier, later, lattice = np.asarray(before), np.asarray(after), np.asarray(cell)
    across = _move(earlier[-1], later[0], lattice)
    if np.linalg.norm(across, axis=1).max() < SAME:
        return 0
    if len(earlier) < 2:  # noqa: PLR2004 - a direction needs two frames
        raise TrajectoryError("one step before the boundary is too few to see whether the run goes on")
    weights = np.asarray(masses, dtype=np.float64)[:, None]
    last = _move(earlier[-2], earlier[-1], lattice)
    scale = float((weights * last**2).sum())
    ratio = float((weights * last * across).sum()) / scale if scale > 0 else np.inf
    if NEAR_ONE[0] < ratio < NEAR_ONE[1]:
        return 1
    raise TrajectoryError(
        f"the step across the boundary is {ratio:.2f} times the step before it, where 1 is expected: "
        "velocities were lost, or steps are missing"
    )


def join_segments(
    segments: Iterable[Segment], symbols: Sequence[str], cell: ArrayLike, settings: JoinSettings
) -> Trajectory:
    """Return the trajectory of a run that was made in segments; only what is kept of each stays in memory.

    Args:
        segments: in order; repeated frames at boundaries are dropped.
        symbols: (atoms,) elements.
        cell: (3, 3) A, rows are vectors; the same for all.
        settings: what is kept.

    Raises:
        TrajectoryError: a segment does not continue the one before it, or there is no mobile ion or no framework.
    """
    joiner = _Joiner(symbols, np.asarray(cell, dtype=np.float64), settings)
    for segment in segments:
        joiner.add(segment)
    return joiner.trajectory()


class _Joiner:
    """Takes segments one by one; keeps the last two frames and what is recorded."""

    def __init__(self, symbols: Sequence[str], cell: Floats, settings: JoinSettings) -> None:
        from ase import Atoms

        atoms = Atoms(list(symbols))
        self.settings, self.cell = settings, cell
        self.masses = np.asarray(atoms.get_masses(), dtype=np.float64)
        mobile = atoms.symbols.indices().get(settings.mobile, np.array([], dtype=int))
        self.mobile = np.asarray(mobile, dtype=np.int64)
        self.framework = np.setdiff1d(np.arange(len(atoms)), self.mobile)
        if not len(self.mobile) or not len(self.framework):
            raise TrajectoryError(f"{atoms.symbols} needs mobile ions {settings.mobile} and a framework")
        self.steps = 0
        self.tail: Floats | None = None  # the last two frames, unwrapped, fractional
        self.start = np.zeros(3)
        self.kept: dict[str, list[NDArray[Any]]] = {
            name: [] for name in ("positions", "temperatures", "potential_energies", "frames")
        }

    def add(self, segment: Segment) -> None:
        if segment.positions.shape[1] != len(self.masses):
            raise TrajectoryError(f"segment {segment.name} has {segment.positions.shape[1]} atoms")
        if self.tail is not None:
            try:
                if follows(self.tail, segment.positions, self.cell, self.masses) == 0:
                    if len(segment.positions) == 1:
                        return
                    segment = segment.without_first()
            except TrajectoryError as error:
                raise TrajectoryError(f"segment {segment.name} does not continue the one before it: {error}") from error
        fractional = unwrapped(segment.positions, None if self.tail is None else self.tail[-1])
        self._record(segment, fractional @ self.cell)
        whole = fractional if self.tail is None else np.concatenate([self.tail, fractional])
        self.tail = whole[-2:]
        self.steps += len(fractional)

    def _record(self, segment: Segment, positions: Floats) -> None:
        """Keep the steps whose turn it is; `positions` (steps, atoms, 3) A, unwrapped."""
        weights = self.masses[self.framework] / self.masses[self.framework].sum()
        centre = np.einsum("a,fax->fx", weights, positions[:, self.framework])
        if self.steps == 0:
            self.start = centre[0]
        chosen = self._turn(len(positions), self.settings.record_every)
        ions = positions[chosen][:, self.mobile] - (centre[chosen] - self.start)[:, None]
        self.kept["positions"].append(ions.astype(np.float32))
        self.kept["temperatures"].append(segment.temperatures[chosen])
        self.kept["potential_energies"].append(segment.energies[chosen])
        frames = self._turn(len(positions), self.settings.frames_every)
        self.kept["frames"].append(positions[frames].astype(np.float32))

    def _turn(self, n_steps: int, every: int) -> NDArray[np.int64]:
        """Return which of the next steps are recorded."""
        return np.flatnonzero(np.arange(self.steps, self.steps + n_steps) % every == 0)

    def trajectory(self) -> Trajectory:
        """Return what was recorded."""
        if self.tail is None:
            raise TrajectoryError("there is no segment to join")
        kept = {name: np.concatenate(values) for name, values in self.kept.items()}
        every, frames_every, timestep = self.settings.record_every, self.settings.frames_every, self.settings.timestep
        return Trajectory(
            **kept,
            times=np.arange(len(kept["positions"]), dtype=np.float64) * every * timestep,
            frame_times=np.arange(len(kept["frames"]), dtype=np.float64) * frames_every * timestep,
            cell=self.cell,
            mobile_indices=self.mobile,
        )


def _move(before: NDArray[Any], after: NDArray[Any], cell: NDArray[Any]) -> Floats:
    """Return the shortest displacements (atoms, 3) in A between fractional positions."""
    moves = after - before
    return np.asarray((moves - np.rint(moves)) @ cell, dtype=np.float64)
