"""Relaxation: chgnet's `StructOptimizer` and this package's `relax`, to one threshold, judged by one judge."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aiida_hezsp.errors import InputError
from aiida_hezsp.potential.benchmarks.circumstances import Circumstances
from aiida_hezsp.potential.benchmarks.contenders import STOCK, available, make_calculator, quiet, title_of
from aiida_hezsp.potential.benchmarks.crew import Crew, Session
from aiida_hezsp.potential.benchmarks.machine import cores, memory_mb
from aiida_hezsp.potential.benchmarks.occasion import Occasion
from aiida_hezsp.potential.benchmarks.reference import Float64Evaluator
from aiida_hezsp.potential.benchmarks.results import Memory, RelaxRatio, RelaxReport, RelaxRun
from aiida_hezsp.potential.benchmarks.subject import FORMULA, make_subject
from aiida_hezsp.potential.evaluation import as_model
from aiida_hezsp.potential.relaxation import RelaxSettings, relax

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ("RelaxBenchmark", "RelaxJob", "RelaxSession", "benchmark_relax")

MEMORY_STEPS = 2  # after which a process holds what it will hold


@dataclass(frozen=True)
class RelaxBenchmark:
    """What to run; `threads` of the process (None: all cores), `backends` empty for all that are installed."""

    atoms: int = 160
    formula: str = FORMULA
    seed: int = 1
    model: str = "0.3.0"
    backends: tuple[str, ...] = ()
    threads: int | None = None
    fmax: float = 0.05
    max_steps: int = 500
    relax_cell: bool = True
    rounds: int = 1
    memory: bool = True


class RelaxJob(NamedTuple):
    """What a process is told."""

    atoms: "Atoms"
    contenders: tuple[str, ...]
    model: str
    threads: int
    settings: RelaxSettings
    prepare: Callable[[int], None]


class Relaxed(NamedTuple):
    """One relaxation: times in s, steps of the optimiser, the relaxed atoms."""

    wall: float
    cpu: float
    n_steps: int
    atoms: "Atoms"


class RelaxSession(Session):
    """One process with the calculators of all contenders."""

    def __init__(self, job: RelaxJob) -> None:
        job.prepare(job.threads)
        self.job = job
        self.calculators = {name: make_calculator(name, job.model, job.threads) for name in job.contenders}
        self.start_mb = memory_mb()

    def relax(self, contender: str) -> Relaxed:
        """Relax the structure from its start."""
        calculator = self.calculators[contender]
        calculator.reset()  # nothing is known of the start
        work = _stock if contender == STOCK else _ours
        wall, cpu = time.perf_counter(), time.process_time()
        atoms, n_steps = work(self.job.atoms.copy(), calculator, self.job.settings)
        return Relaxed(time.perf_counter() - wall, time.process_time() - cpu, n_steps, atoms)


def _stock(atoms: "Atoms", calculator: Any, settings: RelaxSettings) -> tuple["Atoms", int]:
    """Relax with chgnet's optimiser and its defaults."""
    from chgnet.model import StructOptimizer
    from pymatgen.io.ase import AseAtomsAdaptor

    with quiet():
        result = StructOptimizer(model=calculator, use_device="cpu").relax(
            atoms, fmax=settings.fmax, steps=settings.max_steps, relax_cell=settings.relax_cell, verbose=False
        )
    # The path holds the start, every step, and the end once more.
    return AseAtomsAdaptor.get_atoms(result["final_structure"], msonable=False), len(result["trajectory"]) - 2


def _ours(atoms: "Atoms", calculator: Any, settings: RelaxSettings) -> tuple["Atoms", int]:
    """Relax with this package."""
    result = relax(atoms, calculator, settings)
    return result.atoms, result.n_steps


def benchmark_relax(wanted: RelaxBenchmark, circumstances: Circumstances | None = None) -> RelaxReport:
    """Run the benchmark: every contender relaxes the same structure in turn, `rounds` times, in one process.

    Args:
        wanted: what to run.
        circumstances: what is installed and how it speaks.

    Raises:
        InputError: a number makes no sense.
        HezspError: a backend that is asked for cannot be had.
        BenchmarkError: a process has ended.
    """
    circumstances = circumstances or Circumstances()
    _check(wanted)
    atoms = make_subject(wanted.atoms, wanted.seed, wanted.formula)
    backends, skipped = available(wanted.model, wanted.backends)
    contenders = (STOCK, *backends)
    occasion = Occasion(circumstances, len(contenders) * (wanted.rounds + wanted.memory))
    settings = RelaxSettings(fmax=wanted.fmax, max_steps=wanted.max_steps, relax_cell=wanted.relax_cell)
    threads = wanted.threads or cores()
    job = RelaxJob(atoms, contenders, wanted.model, threads, settings, circumstances.prepare)
    runs = _runs(job, wanted, occasion)
    return RelaxReport(
        memory=[_memory(job, contender, occasion) for contender in contenders if wanted.memory],
        skipped=skipped,
        threads=threads,
        rounds=wanted.rounds,
        fmax=wanted.fmax,
        max_steps=wanted.max_steps,
        relax_cell=wanted.relax_cell,
        runs=runs,
        ratios=_ratios(runs),
        **occasion.fields(wanted, atoms),
    )


def _check(wanted: RelaxBenchmark) -> None:
    """Refuse numbers that make no sense."""
    if wanted.rounds < 1 or (wanted.threads is not None and wanted.threads < 1):
        raise InputError("rounds and threads must be at least 1")
    if wanted.fmax <= 0 or wanted.max_steps < 1:
        raise InputError("fmax must be above 0 and the number of steps at least 1")


def _runs(job: RelaxJob, wanted: RelaxBenchmark, occasion: Occasion) -> list[RelaxRun]:
    """Relax in turn, then judge."""
    found: dict[str, list[Relaxed]] = {contender: [] for contender in job.contenders}
    with Crew(RelaxSession, job) as crew:
        for round_, contender in product(range(wanted.rounds), job.contenders):
            occasion.at(f"relax, {job.threads} threads, round {round_ + 1}, {title_of(contender)}")
            found[contender] += crew.call("relax", contender)
    judge = Float64Evaluator(as_model(job.model))
    return [_run(contender, several, judge, wanted.relax_cell) for contender, several in found.items()]


def _run(contender: str, several: Sequence[Relaxed], judge: Float64Evaluator, relax_cell: bool) -> RelaxRun:
    """Put the rounds of a contender together; they end in the same structure."""
    wall, n_steps = statistics.median(one.wall for one in several), several[-1].n_steps
    return RelaxRun(
        contender=contender,
        title=title_of(contender),
        wall_s=wall,
        cpu_s=statistics.median(one.cpu for one in several),
        n_steps=n_steps,
        ms_per_step=1e3 * wall / (n_steps + 1),
        **_judged(several[-1].atoms, judge, relax_cell),
    )


def _judged(atoms: "Atoms", judge: Float64Evaluator, relax_cell: bool) -> dict[str, float]:
    """Return what the judge says of a relaxed structure, by the fields of `RelaxRun`."""
    from ase import units
    from ase.calculators.singlepoint import SinglePointCalculator
    from ase.filters import FrechetCellFilter

    work = atoms.copy()
    said = judge.evaluate(work.numbers, work.positions, work.cell.array)
    assert said.forces is not None
    assert said.stress is not None
    work.calc = SinglePointCalculator(work, energy=said.energy, forces=said.forces, stress=said.stress)
    target = FrechetCellFilter(work) if relax_cell else work
    return {
        "energy_per_atom": said.energy / len(work),
        "fmax": float(np.linalg.norm(target.get_forces(), axis=1).max()),
        "force_max": float(np.linalg.norm(said.forces, axis=1).max()),
        "stress_max": float(np.abs(said.stress).max() / units.GPa),
        "volume": float(work.get_volume()),
    }


def _ratios(runs: Sequence[RelaxRun]) -> list[RelaxRatio]:
    """Return how ours compare with stock."""
    stock = next(run for run in runs if run.contender == STOCK)
    return [
        RelaxRatio(
            contender=run.contender,
            over=STOCK,
            wall=stock.wall_s / run.wall_s,
            cpu=stock.cpu_s / run.cpu_s,
            per_step=stock.ms_per_step / run.ms_per_step,
            steps=stock.n_steps / max(1, run.n_steps),
            energy_difference=1e3 * (run.energy_per_atom - stock.energy_per_atom),
        )
        for run in runs
        if run is not stock
    ]


def _memory(job: RelaxJob, contender: str, occasion: Occasion) -> Memory:
    """Measure a few steps in a process of their own."""
    occasion.at(f"memory of {title_of(contender)}")
    few = RelaxSettings(job.settings.fmax, MEMORY_STEPS, relax_cell=job.settings.relax_cell)
    with Crew(RelaxSession, job._replace(contenders=(contender,), settings=few), fresh=True) as crew:
        crew.call("relax", contender)
        ((start, peak),) = crew.call("memory")
    return Memory(contender=contender, start_mb=start, peak_mb=peak)
