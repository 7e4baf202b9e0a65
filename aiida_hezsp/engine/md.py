"""Job `md`: molecular dynamics of many structures with one model, and the MSD of each."""

import hashlib
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field, field_validator

from aiida_hezsp.engine.finished import Finished
from aiida_hezsp.engine.job_input import FileName, ModelName, resolve
from aiida_hezsp.engine.layout import LayoutInput, calculator_for, left_out, run_structures
from aiida_hezsp.engine.model import find_model
from aiida_hezsp.engine.pool import Speak
from aiida_hezsp.engine.progress import Board, Reporter
from aiida_hezsp.engine.structures import atoms_from_entry, entry_from_atoms, read_structures
from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.potential.arrays import write_npz
from aiida_hezsp.potential.md_settings import MdSettings
from aiida_hezsp.potential.trajectory import Trajectory
from aiida_hezsp.transport.diffusion import diffusion_coefficient, diffusion_error
from aiida_hezsp.transport.msd import mean_squared_displacement, msd_target, msd_target_error
from aiida_hezsp.transport.posterior import START_FS, diffusion_posterior
from aiida_hezsp.transport.window import window_slice

__all__ = ("MdInput", "run")

Fraction = Annotated[float, Field(ge=0, le=1)]
NOTHING = dict.fromkeys(
    (
        *(
            "msd",
            "msd_error",
            "msd_window",
            "length_ps",
            "temperature_mean",
            "temperature_std",
            "diffusion_coefficient",
            "diffusion_coefficient_error",
            "diffusion",
        ),
        *("volume", "n_mobile", "n_steps", "steps_per_s", "error", "error_code"),
    )
)
OF_THE_RUN = ("temperature", "timestep", "n_steps", "taut", "mobile", "record_every", "frames_every")
GUARDS = ("max_temperature_factor", "max_displacement", "min_distance")


class MdInput(LayoutInput):
    """Input of the job."""

    model: ModelName
    structures: FileName = "structures.json"
    temperature: float = Field(default=1000.0, gt=0, le=10_000, description="K")
    timestep: float = Field(default=1.0, gt=0, le=10, description="fs")
    n_steps: int = Field(default=100_000, ge=1)
    taut: float = Field(default=100.0, gt=0, description="time constant of the thermostat, fs")
    seed: int = Field(default=1, ge=0)
    mobile: str = "Li"
    record_every: int = Field(default=10, ge=1)
    frames_every: int | None = Field(default=None, ge=1)
    restart_every: int = Field(default=1000, ge=1)
    window: tuple[Fraction, Fraction] = (0.2, 0.8)
    diffusion_start: float = Field(
        default=START_FS / 1000.0, gt=0, description="ps; time difference from which motion counts as diffusion"
    )
    max_temperature_factor: float = Field(
        default=5.0, gt=1, description="a run beyond this many times its temperature has blown up"
    )
    max_displacement: float = Field(
        default=5.0, gt=0, description="A; an atom of the framework farther from its start is lost"
    )
    min_distance: float = Field(default=0.5, ge=0, description="A; atoms closer than this have collapsed")

    @field_validator("window")
    @classmethod
    def _increasing(cls, value: tuple[float, float]) -> tuple[float, float]:
        if value[0] >= value[1]:
            raise ValueError("two increasing fractions are needed")
        return value

    def settings(self) -> MdSettings:
        """Return what the science floor wants to know; the seed is that of the job, not yet of a structure."""
        names = (*OF_THE_RUN, "seed", "restart_every", *GUARDS)
        return MdSettings(**{name: getattr(self, name) for name in names})


class Context(NamedTuple):
    """What every process needs."""

    folder: Path
    model: str
    checksum: str
    threads: int
    settings: MdSettings
    window: tuple[float, float]
    diffusion_start_fs: float
    evaluator: Any = None


class MdTask:
    """Runs one structure after the other with one model."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.calculator = calculator_for(context)

    def __call__(self, label: str, payload: Any, speak: Speak) -> dict[str, Any]:
        """Run a structure, write its trajectory, return its result."""
        from aiida_hezsp.potential.md import run_md

        folder, settings = self.context.folder, self.context.settings
        reporter, begin, speeds = Reporter(speak), time.perf_counter(), [0.0]

        def report(step: int, temperature: float, per_second: float) -> None:
            speeds[0] = per_second
            reporter.step(step, f" {temperature:.0f} K")

        trajectory = run_md(
            atoms_from_entry(label, payload),
            self.calculator,
            replace(settings, seed=seed_of(settings.seed, label)),
            restart_file=folder / "restart" / f"{label}.npz",
            identity=self.context.checksum,
            report=report,
        )
        msd = mean_squared_displacement(trajectory.positions)
        write_npz(folder / "trajectories" / f"{label}.npz", trajectory.arrays() | {"msd": msd})
        times = {"steps_per_s": speeds[0], "wall_time_s": round(time.perf_counter() - begin, 3)}
        found = summarise(trajectory, msd, self.context.window, settings)
        return found | {"diffusion": _diffusion(trajectory, self.context.diffusion_start_fs)} | times


def seed_of(seed: int, label: str) -> int:
    """Return the seed of one structure: from the job's seed and the label, so that neighbours do not matter."""
    digest = hashlib.sha256(f"{seed}:{label}".encode()).digest()
    return int.from_bytes(digest[:8], "little")


def summarise(
    trajectory: Trajectory, msd: np.ndarray[Any, Any], window: tuple[float, float], settings: MdSettings
) -> dict[str, Any]:
    """Return the numbers of a run: length (ps), temperatures (K), D (cm^2/s), MSD target (A^2), volume (A^3).

    The standard errors of target and D come from the spread among the mobile ions.
    """
    n_mobile = len(trajectory.mobile_indices)
    several = n_mobile > 1
    positions, times = trajectory.positions, trajectory.times
    half = trajectory.temperatures[len(trajectory.temperatures) // 2 :]
    return {
        "msd": msd_target(msd, window),
        "msd_error": msd_target_error(positions, window) if several else None,
        "msd_window": list(window),
        "length_ps": settings.n_steps * settings.timestep / 1000.0,
        "temperature_mean": float(half.mean()),
        "temperature_std": float(half.std()),
        "diffusion_coefficient": diffusion_coefficient(msd, times, window),
        "diffusion_coefficient_error": diffusion_error(positions, times, window) if several else None,
        "volume": float(abs(np.linalg.det(trajectory.cell))),
        "n_mobile": n_mobile,
        "n_steps": settings.n_steps,
        "error": None,
        "error_code": None,
    }


def _diffusion(trajectory: Trajectory, start_fs: float) -> dict[str, float] | None:
    """Return D with its error by kinisi (`DiffusionEstimate`), or None for a run too short for one."""
    try:
        return asdict(diffusion_posterior(trajectory.positions, trajectory.times, start_fs))
    except TrajectoryError:
        return None


def run(inputs: MdInput, folder: Path) -> dict[str, Any]:
    """Run the structures of a folder, write `trajectories/`, return results by label."""
    settings = inputs.settings()
    window_slice(settings.n_steps // settings.record_every + 1, inputs.window)  # refused now, not after the run
    model, checksum = find_model(folder, inputs.model)
    entries = {
        label: entry_from_atoms(atoms) for label, atoms in read_structures(resolve(folder, inputs.structures)).items()
    }
    finished = Finished(folder, inputs.model_dump(include={*OF_THE_RUN, "seed", "window", "diffusion_start"}), checksum)
    done = {label: found for label, entry in entries.items() if (found := _load(finished, folder, label, entry))}
    results = dict.fromkeys(entries, NOTHING) | done
    todo = {label: entry for label, entry in entries.items() if label not in done}
    context = Context(folder, model, checksum, inputs.threads, settings, inputs.window, 1000.0 * inputs.diffusion_start)
    board = Board("md", len(entries), settings.n_steps, finished=len(done))
    for outcome in run_structures(MdTask, context, todo, inputs, board):
        label, failed = outcome.label, outcome.error is not None
        if not failed:
            finished.save(label, entries[label], outcome.result)
        results[label] = outcome.result or NOTHING | {"error": outcome.error, "error_code": outcome.error_code}
        board.end(label, _summary(results[label]), steps=0 if failed else settings.n_steps, failed=failed)
    fixed = {"model_sha256": checksum, "temperature": inputs.temperature}
    return {**fixed, **inputs.layout(), "results": results, "left_out": left_out(results)}


def _load(finished: Finished, folder: Path, label: str, entry: Any) -> dict[str, Any] | None:
    """Return the result of a run that an earlier, killed job had finished, if its trajectory is there."""
    return finished.load(label, entry) if (folder / "trajectories" / f"{label}.npz").exists() else None


def _summary(result: dict[str, Any]) -> str:
    """Return one result in words."""
    if result["error"] is not None:
        return f"failed: {result['error']}"
    return f"MSD {result['msd']:.3g} A^2, {result['temperature_mean']:.0f} K, {result['steps_per_s']:.3g} steps/s"
