"""Molecular dynamics: the step of stock chgnet and of this package, in alternating blocks."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import numpy as np

from aiida_hezsp.errors import BenchmarkError, InputError
from aiida_hezsp.potential.benchmarks.circumstances import Circumstances
from aiida_hezsp.potential.benchmarks.contenders import (
    STOCK,
    STOCK_FORCES,
    available,
    make_calculator,
    quiet,
    title_of,
)
from aiida_hezsp.potential.benchmarks.crew import Crew, Session
from aiida_hezsp.potential.benchmarks.deviation import deviations
from aiida_hezsp.potential.benchmarks.machine import available_memory_mb, cores, memory_mb
from aiida_hezsp.potential.benchmarks.occasion import Occasion
from aiida_hezsp.potential.benchmarks.profile import profile_step
from aiida_hezsp.potential.benchmarks.results import (
    BestLayout,
    Layout,
    LayoutName,
    MdReport,
    Memory,
    Profile,
    Ratio,
    Timing,
)
from aiida_hezsp.potential.benchmarks.subject import FORMULA, make_subject

if TYPE_CHECKING:
    from ase import Atoms
    from chgnet.model.dynamics import MolecularDynamics

    from aiida_hezsp.potential.evaluation import Floats

__all__ = ("LAYOUTS", "MdBenchmark", "MdJob", "MdSession", "benchmark_md")

LAYOUTS = get_args(LayoutName)
WARM_UP = 2  # steps that no clock sees, when a run begins; at the beginning of a block it is one
MEMORY_STEPS = 2  # after which a process holds what it will hold
START_MB, MB_PER_ATOM = 400.0, 20.0  # of a process with all contenders in it, for LZSP at equilibrium density
TAUT = 100.0  # fs


@dataclass(frozen=True)
class MdBenchmark:
    """What to run: the structure, the contenders, the layouts, and how long.

    `threads`: of the layout `threads` (one process), and processes of the layout `processes` (one thread each); None:
    all cores. `backends`: empty for all that are installed. `block_steps` are timed at a time, `rounds` times for each
    contender in turn.
    """

    atoms: int = 160
    formula: str = FORMULA
    seed: int = 1
    model: str = "0.3.0"
    backends: tuple[str, ...] = ()
    threads: int | None = None
    layouts: tuple[str, ...] = LAYOUTS
    temperature: float = 1000.0
    timestep: float = 1.0
    block_steps: int = 10
    rounds: int = 3
    memory: bool = True
    profile: bool = False


class MdJob(NamedTuple):
    """What every process is told."""

    atoms: "Atoms"
    contenders: tuple[str, ...]
    model: str
    threads: int
    temperature: float
    timestep: float
    seed: int
    prepare: Callable[[int], None]


class MdSession(Session):
    """One process: a run of each contender, all from the same positions and velocities, driven by chgnet's class."""

    def __init__(self, job: MdJob) -> None:
        job.prepare(job.threads)
        calculators = {name: make_calculator(name, job.model, job.threads) for name in job.contenders}
        self.start_mb = memory_mb()
        self.runs = {name: _start(job, calculator) for name, calculator in calculators.items()}

    def block(self, contender: str, steps: int) -> tuple[float, float]:
        """Continue a run; return wall and CPU time of a step (s), leaving out the step that warms up."""
        run = self.runs[contender]
        run.run(1)
        wall, cpu = time.perf_counter(), time.process_time()
        run.run(steps)
        return (time.perf_counter() - wall) / steps, (time.process_time() - cpu) / steps

    def positions(self, contender: str) -> "Floats":
        """Return where a run has come to, (n, 3) A."""
        positions: Floats = self.runs[contender].atoms.get_positions()
        return positions


def _start(job: MdJob, calculator: Any) -> "MolecularDynamics":
    """Return a run that has warmed up."""
    from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary
    from chgnet.model.dynamics import MolecularDynamics

    atoms = job.atoms.copy()
    MaxwellBoltzmannDistribution(atoms, temperature_K=job.temperature, rng=np.random.default_rng(job.seed))
    Stationary(atoms, preserve_temperature=True)
    with quiet():
        run = MolecularDynamics(
            atoms,
            model=calculator,
            ensemble="nvt",
            thermostat="Berendsen",
            temperature=job.temperature,
            timestep=job.timestep,
            taut=TAUT,
        )
    run.run(WARM_UP)
    return run


def benchmark_md(wanted: MdBenchmark, circumstances: Circumstances | None = None) -> MdReport:
    """Run the benchmark.

    Every layout is a crew of processes that hold a run of every contender. They take turns in blocks of a few steps, so
    that a drift of the machine's speed meets all. Ratios are quotients of medians over blocks.

    Args:
        wanted: what to run.
        circumstances: what is installed and how it speaks.

    Raises:
        InputError: a layout or a number makes no sense.
        HezspError: a backend that is asked for cannot be had.
        BenchmarkError: a process has ended.
    """
    circumstances = circumstances or Circumstances()
    if wanted.block_steps < 1 or wanted.rounds < 1 or (wanted.threads is not None and wanted.threads < 1):
        raise InputError("steps, rounds and threads must be at least 1")
    shapes = _fitting(_shapes(wanted), wanted.atoms, circumstances)
    atoms = make_subject(wanted.atoms, wanted.seed, wanted.formula)
    backends, skipped = available(wanted.model, wanted.backends)
    contenders = (STOCK, STOCK_FORCES, *backends)
    parts = len(contenders) * (len(shapes) * wanted.rounds + wanted.memory) + len(backends) * wanted.profile + 1
    occasion = Occasion(circumstances, parts)
    most = max(threads for _, threads in shapes.values())
    job = MdJob(
        atoms, contenders, wanted.model, most, wanted.temperature, wanted.timestep, wanted.seed, circumstances.prepare
    )
    layouts, frames = _layouts(job, shapes, wanted, occasion)
    memory = [_memory(job, contender, occasion) for contender in contenders if wanted.memory]
    profile = [_profile(job, name, wanted, occasion) for name in backends if wanted.profile]
    occasion.at("deviation from float64")
    return MdReport(
        memory=memory,
        skipped=skipped,
        temperature=wanted.temperature,
        timestep=wanted.timestep,
        block_steps=wanted.block_steps,
        rounds=wanted.rounds,
        layouts=layouts,
        best=_best(layouts),
        deviations=deviations(atoms, frames, (STOCK, *backends), wanted.model, most),
        profile=profile,
        **occasion.fields(wanted, atoms),
    )


def _shapes(wanted: MdBenchmark) -> dict[str, tuple[int, int]]:
    """Return processes and threads of every layout; layouts that come to the same are run once."""
    n = wanted.threads or cores()
    shapes = {"threads": (1, n), "processes": (n, 1), "single": (1, 1)}
    if unknown := set(wanted.layouts) - set(shapes):
        raise InputError(f"layout {min(unknown)!r} does not exist: choose {', '.join(shapes)}")
    if n == 1:
        return {"single": (1, 1)}
    return {name: shape for name, shape in shapes.items() if name in wanted.layouts}


def _fitting(
    shapes: dict[str, tuple[int, int]], atoms: int, circumstances: Circumstances
) -> dict[str, tuple[int, int]]:
    """Leave out, with a warning, a layout whose processes would not fit into the memory that is free."""
    free, fitting = available_memory_mb(), {}
    for name, (processes, threads) in shapes.items():
        needed = processes * (START_MB + MB_PER_ATOM * atoms)
        if free is None or needed < free:
            fitting[name] = processes, threads
            continue
        line = (
            f"layout {name}: {processes} processes need about {needed / 1e3:.0f} GB, but {free / 1e3:.0f} GB are free"
        )
        circumstances.warn(f"{line}; it is left out")
    if not fitting:
        raise BenchmarkError(f"{line}: choose fewer threads or 40 atoms")
    return fitting


def _layouts(
    job: MdJob, shapes: dict[str, tuple[int, int]], wanted: MdBenchmark, occasion: Occasion
) -> tuple[list[Layout], list["Floats"]]:
    """Time all layouts; return them and frames: the start, and where stock was after each round of the first."""
    layouts, frames = [], [job.atoms.get_positions()]
    for name, (processes, threads) in shapes.items():
        with Crew(MdSession, job._replace(threads=threads), processes) as crew:
            samples, reached = _samples(crew, f"{processes} x {threads} threads", job.contenders, wanted, occasion)
        timings = [_timing(contender, found, processes, wanted.block_steps) for contender, found in samples.items()]
        layouts.append(
            Layout(name=name, processes=processes, threads=threads, timings=timings, ratios=_ratios(timings))  # type: ignore[arg-type]
        )
        frames = frames if len(frames) > 1 else frames + reached
    return layouts, frames


def _samples(
    crew: Crew, shape: str, contenders: Sequence[str], wanted: MdBenchmark, occasion: Occasion
) -> tuple[dict[str, list[tuple[float, float]]], list["Floats"]]:
    """Let all contenders take turns; return the times of every block of each, and where stock was after its own."""
    samples: dict[str, list[tuple[float, float]]] = {contender: [] for contender in contenders}
    frames = []
    for round_, contender in product(range(wanted.rounds), contenders):
        occasion.at(f"md, {shape}, round {round_ + 1}, {title_of(contender)}")
        samples[contender] += crew.call("block", contender, wanted.block_steps)
        if contender == STOCK:
            frames += crew.call("positions", contender)[:1]
    return samples, frames


def _timing(contender: str, samples: Sequence[tuple[float, float]], processes: int, steps: int) -> Timing:
    """Put the blocks of a contender together."""
    walls = [1e3 * wall for wall, _ in samples]
    wall = statistics.median(walls)
    return Timing(
        contender=contender,
        title=title_of(contender),
        blocks=len(samples),
        steps=len(samples) * steps,
        wall_ms=wall,
        wall_ms_best=min(walls),
        wall_ms_worst=max(walls),
        cpu_ms=statistics.median(1e3 * cpu for _, cpu in samples),
        steps_per_s=1e3 * processes / wall,
    )


def _ratios(timings: Sequence[Timing]) -> list[Ratio]:
    """Return how many times faster each of ours is than either stock."""
    stock = [timing for timing in timings if timing.contender in {STOCK, STOCK_FORCES}]
    ours = [timing for timing in timings if timing not in stock]
    return [
        Ratio(
            contender=one.contender,
            over=other.contender,
            wall=other.wall_ms / one.wall_ms,
            cpu=other.cpu_ms / one.cpu_ms,
        )
        for one, other in product(ours, stock)
    ]


def _best(layouts: Sequence[Layout]) -> list[BestLayout]:
    """Return the layout of most steps per second for each contender."""
    found: dict[str, tuple[float, str]] = {}
    for layout in layouts:
        for timing in layout.timings:
            found[timing.contender] = max(found.get(timing.contender, (0.0, "")), (timing.steps_per_s, layout.name))
    stock = found[STOCK][0]
    return [
        BestLayout(contender=name, layout=layout, steps_per_s=speed, ratio=None if name == STOCK else speed / stock)
        for name, (speed, layout) in found.items()
    ]


def _memory(job: MdJob, contender: str, occasion: Occasion) -> Memory:
    """Measure a few steps in a process of their own."""
    occasion.at(f"memory of {title_of(contender)}")
    with Crew(MdSession, job._replace(contenders=(contender,)), fresh=True) as crew:
        crew.call("block", contender, MEMORY_STEPS)
        ((start, peak),) = crew.call("memory")
    return Memory(contender=contender, start_mb=start, peak_mb=peak)


def _profile(job: MdJob, contender: str, wanted: MdBenchmark, occasion: Occasion) -> Profile:
    """Find where the time of a step goes."""
    occasion.at(f"profile of {title_of(contender)}")
    session = MdSession(job._replace(contenders=(contender,)))
    return profile_step(session.runs[contender], contender, job.model, job.threads, wanted.rounds * wanted.block_steps)
