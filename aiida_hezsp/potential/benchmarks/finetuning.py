"""Fine-tuning: chgnet's `Trainer` and this package's `finetune`, on the same images in the same order."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

from aiida_hezsp.errors import BenchmarkError, InputError
from aiida_hezsp.potential.benchmarks.circumstances import Circumstances
from aiida_hezsp.potential.benchmarks.contenders import STOCK
from aiida_hezsp.potential.benchmarks.crew import Crew, Session
from aiida_hezsp.potential.benchmarks.image_clock import ImageClock
from aiida_hezsp.potential.benchmarks.machine import available_memory_mb, cores, memory_mb
from aiida_hezsp.potential.benchmarks.occasion import Occasion
from aiida_hezsp.potential.benchmarks.results import FinetuneRatio, FinetuneReport, FinetuneRun, Memory
from aiida_hezsp.potential.benchmarks.stock_training import train_stock
from aiida_hezsp.potential.benchmarks.subject import FORMULA, make_images, make_subject
from aiida_hezsp.potential.evaluation import as_model
from aiida_hezsp.potential.finetune_settings import FinetuneSettings, SplitSettings
from aiida_hezsp.potential.finetuning import finetune
from aiida_hezsp.potential.images import ImageSet

__all__ = ("FinetuneBenchmark", "FinetuneJob", "FinetuneSession", "benchmark_finetune")

OURS = "finetune"
STOCK_MB_PER_ATOM = 12.0  # what stock's graph of a batch takes in training, LZSP at equilibrium density


@dataclass(frozen=True)
class FinetuneBenchmark:
    """What to run: cells of `atoms` atoms, `images` of them a training epoch, in batches; threads None: all cores."""

    atoms: int = 40
    formula: str = FORMULA
    seed: int = 1
    model: str = "0.3.0"
    threads: int | None = None
    images: int = 30
    batch_size: int = 10
    epochs: int = 2
    rounds: int = 1
    memory: bool = True


class FinetuneJob(NamedTuple):
    """What a process is told."""

    images: ImageSet
    model: str
    threads: int
    settings: FinetuneSettings
    prepare: Callable[[int], None]


class Sample(NamedTuple):
    """One fine-tuning: images timed, wall and CPU time of an image (s), mean loss of every epoch."""

    images: int
    wall: float
    cpu: float
    losses: list[float]


class FinetuneSession(Session):
    """One process."""

    def __init__(self, job: FinetuneJob) -> None:
        job.prepare(job.threads)
        self.job, self.model = job, as_model(job.model)
        self.start_mb = memory_mb()

    def train(self, contender: str) -> Sample:
        """Fine-tune from the start."""
        clock = ImageClock()
        losses = (
            train_stock(self.model, self.job.images, self.job.settings, clock)
            if contender == STOCK
            else (self._ours(clock))
        )
        return Sample(*clock.per_image(), losses)

    def _ours(self, clock: ImageClock) -> list[float]:
        """Fine-tune with this package; return the mean loss of every epoch."""

        def report(stage: str, done: int, total: int, _note: str) -> None:
            if stage == "train":
                clock.mark(done, total // self.job.settings.epochs)

        result = finetune(self.model, self.job.images, self.job.settings, report=report)
        return [loss for loss in result.history["train_loss"] if loss is not None]


def benchmark_finetune(wanted: FinetuneBenchmark, circumstances: Circumstances | None = None) -> FinetuneReport:
    """Run the benchmark: both fine-tune in turn, `rounds` times, in one process, at a constant learning rate.

    Args:
        wanted: what to run.
        circumstances: what is installed and how it speaks.

    Raises:
        InputError: a number makes no sense.
        BenchmarkError: stock would need more memory than there is, or a process has ended.
    """
    circumstances = circumstances or Circumstances()
    _check(wanted)
    atoms = make_subject(wanted.atoms, wanted.seed, wanted.formula)
    occasion = Occasion(circumstances, 1 + 2 * (wanted.rounds + wanted.memory))
    occasion.at("labels")
    threads = wanted.threads or cores()
    images = make_images(atoms, wanted.images + 1, wanted.seed)
    job = FinetuneJob(images, wanted.model, threads, _settings(wanted, wanted.images), circumstances.prepare)
    # Memory first: the processes that measure it then have the machine's to themselves.
    memory = [_memory(job, name, wanted, occasion) for name in (STOCK, OURS) if wanted.memory]
    runs = _runs(job, wanted, occasion)
    return FinetuneReport(
        memory=memory,
        skipped={},
        threads=threads,
        rounds=wanted.rounds,
        images=wanted.images,
        batch_size=wanted.batch_size,
        epochs=wanted.epochs,
        runs=runs,
        ratios=_ratios(runs, memory),
        **occasion.fields(wanted, atoms),
    )


def _check(wanted: FinetuneBenchmark) -> None:
    """Refuse numbers that make no sense, and what would drive the machine into swapping."""
    if min(wanted.rounds, wanted.epochs, wanted.batch_size) < 1 or (wanted.threads is not None and wanted.threads < 1):
        raise InputError("rounds, epochs, batch size and threads must be at least 1")
    if wanted.images <= wanted.batch_size:
        raise InputError(
            f"{wanted.images} images in batches of {wanted.batch_size}: more images than one batch are needed, for the "
            "first update of an epoch is not timed"
        )
    needed, free = STOCK_MB_PER_ATOM * wanted.atoms * wanted.batch_size, available_memory_mb()
    if free is not None and needed > free:
        raise BenchmarkError(
            f"stock chgnet needs about {needed / 1e3:.0f} GB for a batch of {wanted.batch_size}, but "
            f"{free / 1e3:.0f} GB are free: choose a smaller batch size"
        )


def _settings(wanted: FinetuneBenchmark, images: int) -> FinetuneSettings:
    """Return settings under which both do the same: one image for validation, a constant rate, no refitting."""
    validation = 1 / (images + 1)
    return FinetuneSettings(
        epochs=wanted.epochs,
        batch_size=wanted.batch_size,
        scheduler="constant",
        refit_atomref=False,
        split=SplitSettings(train=1 - validation, validation=validation, test=0.0),
        seed=wanted.seed,
    )


def _runs(job: FinetuneJob, wanted: FinetuneBenchmark, occasion: Occasion) -> list[FinetuneRun]:
    """Fine-tune in turn."""
    found: dict[str, list[Sample]] = {STOCK: [], OURS: []}
    with Crew(FinetuneSession, job) as crew:
        for round_, contender in product(range(wanted.rounds), found):
            occasion.at(f"finetune, {job.threads} threads, round {round_ + 1}, {_title(contender)}")
            found[contender] += crew.call("train", contender)
    return [_run(contender, samples) for contender, samples in found.items()]


def _run(contender: str, samples: Sequence[Sample]) -> FinetuneRun:
    """Put the rounds of a contender together."""
    wall = 1e3 * statistics.median(sample.wall for sample in samples)
    return FinetuneRun(
        contender=contender,
        title=_title(contender),
        images=sum(sample.images for sample in samples),
        wall_ms=wall,
        cpu_ms=1e3 * statistics.median(sample.cpu for sample in samples),
        images_per_s=1e3 / wall,
        losses=samples[-1].losses,
    )


def _title(contender: str) -> str:
    """Return the name of a contender as it is read."""
    return "stock chgnet" if contender == STOCK else "aiida-hezsp"


def _ratios(runs: Sequence[FinetuneRun], memory: Sequence[Memory]) -> list[FinetuneRatio]:
    """Return how ours compares with stock."""
    stock, ours = runs
    peaks = {one.contender: one.peak_mb for one in memory}
    return [
        FinetuneRatio(
            contender=ours.contender,
            over=STOCK,
            wall=stock.wall_ms / ours.wall_ms,
            cpu=stock.cpu_ms / ours.cpu_ms,
            memory=peaks[OURS] / peaks[STOCK] if peaks else None,
            loss_difference=max(
                math.fabs(one - other) / math.fabs(other) for one, other in zip(ours.losses, stock.losses, strict=True)
            ),
        )
    ]


def _memory(job: FinetuneJob, contender: str, wanted: FinetuneBenchmark, occasion: Occasion) -> Memory:
    """Measure an epoch of one batch in a process of its own."""
    occasion.at(f"memory of {_title(contender)}")
    few = job.images.select(range(wanted.batch_size + 1))
    settings = _settings(replace(wanted, epochs=1), wanted.batch_size)
    with Crew(FinetuneSession, job._replace(images=few, settings=settings), fresh=True) as crew:
        crew.call("train", contender)
        ((start, peak),) = crew.call("memory")
    return Memory(contender=contender, start_mb=start, peak_mb=peak)
