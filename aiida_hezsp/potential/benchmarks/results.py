"""What benchmarks report: the documents that `aiida-hezsp benchmark ... --json` prints."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = (
    "BestLayout",
    "Deviation",
    "Disturbance",
    "FinetuneRatio",
    "FinetuneReport",
    "FinetuneRun",
    "Layout",
    "LayoutName",
    "Machine",
    "MdReport",
    "Memory",
    "Profile",
    "Ratio",
    "RelaxRatio",
    "RelaxReport",
    "RelaxRun",
    "Subject",
    "Timing",
)


LayoutName = Literal["threads", "processes", "single"]


class _Part(BaseModel):
    """A part of a report; unknown keys are refused, so that a stored report is one that this version can read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Machine(_Part):
    """The machine, before the benchmark begins."""

    cpu: str = Field(description="Model of the processor, as the system names it.")
    cpu_id: str = Field(description="Family, model and stepping, where the name is not telling.")
    cores: int = Field(description="Cores that the process may use.")
    isa: list[str] = Field(description="Vector instructions that matter here.")
    memory_gb: float | None
    platform: str
    load_average: list[float] = Field(description="Over 1, 5 and 15 minutes, before the start.")
    other_cores: float | None = Field(description="Cores in use by other processes, just before the start.")
    environment: dict[str, str] = Field(description="Environment variables that govern threads and memory.")


class Disturbance(_Part):
    """What else went on during the benchmark."""

    wall_s: float = Field(description="Duration of the benchmark.")
    other_cores: float | None = Field(description="Cores in use by other processes, on average.")
    stolen_cores: float | None = Field(description="Cores that a virtual machine was denied, on average.")


class Subject(_Part):
    """The structure."""

    formula: str
    atoms: int
    seed: int = Field(description="Of the decoration and of whatever else is drawn.")
    model: str


class Memory(_Part):
    """Memory of a fresh process that does this contender's work and nothing else."""

    contender: str
    start_mb: float = Field(description="Everything imported, model loaded.")
    peak_mb: float


class Timing(_Part):
    """One contender in one layout. Times are per step: medians over blocks; a step advances one structure."""

    contender: str
    title: str
    blocks: int = Field(description="Timed blocks, over all processes.")
    steps: int = Field(description="Timed steps, over all processes.")
    wall_ms: float = Field(description="Wall time of a step of one process.")
    wall_ms_best: float = Field(description="In the fastest block.")
    wall_ms_worst: float = Field(description="In the slowest block.")
    cpu_ms: float = Field(description="CPU time of a step, all threads; threads that wait actively count.")
    steps_per_s: float = Field(description="Of all processes together: processes / wall_ms.")


class Ratio(_Part):
    """How many times faster than stock a contender is: quotients of the medians of the timings."""

    contender: str
    over: str = Field(description="The stock contender it is compared with.")
    wall: float
    cpu: float


class Layout(_Part):
    """Timings of all contenders in one layout, in alternating blocks."""

    name: LayoutName
    processes: int
    threads: int = Field(description="Of each process.")
    timings: list[Timing]
    ratios: list[Ratio]


class BestLayout(_Part):
    """The layout of most steps per second for each contender: what a whole node can do."""

    contender: str
    layout: str
    steps_per_s: float
    ratio: float | None = Field(description="Over stock in its best layout.")


class Deviation(_Part):
    """How far a contender is from a reference, over some frames of the run."""

    contender: str
    reference: str = Field(description="`float64`: stock chgnet in double precision; or `stock`: in float32, as it is.")
    frames: int
    force_max: float = Field(description="Largest deviation of a component, eV/A.")
    force_mae: float = Field(description="Mean absolute deviation, eV/A.")
    energy_per_atom: float = Field(description="Largest deviation, eV/atom.")


class Profile(_Part):
    """Where the time of a step goes, one contender."""

    contender: str
    threads: int
    steps: int
    step_ms: float = Field(description="Wall time of a step.")
    stages_ms: dict[str, float] = Field(
        description="By stage; they add up to step_ms. `integrator`: ASE and everything outside the evaluator."
    )
    gemm_gflops: float = Field(description="What a large matrix product (float32) reaches with as many threads.")
    floor_ms: float = Field(description="What the arithmetic alone would take at that speed: 3.9 GFLOP for 160 atoms.")


class _Report(_Part):
    """What all reports have."""

    created: str = Field(description="Date of the run, UTC.")
    command: str
    machine: Machine
    disturbance: Disturbance
    versions: dict[str, str]
    subject: Subject
    skipped: dict[str, str] = Field(description="Backends that this installation does not have, and why.")
    memory: list[Memory]


class MdReport(_Report):
    """Report of `benchmark md`."""

    benchmark: Literal["md"] = "md"
    temperature: float = Field(description="K")
    timestep: float = Field(description="fs")
    block_steps: int = Field(description="Timed steps of a block; one more before them is not timed.")
    rounds: int = Field(description="Blocks of each contender, in turn.")
    layouts: list[Layout]
    best: list[BestLayout]
    deviations: list[Deviation]
    profile: list[Profile]


class RelaxRun(_Part):
    """One contender's relaxation; times are medians over rounds, the final structure is judged by stock in float64."""

    contender: str
    title: str
    wall_s: float
    cpu_s: float
    n_steps: int
    ms_per_step: float = Field(description="wall_s over n_steps + 1 evaluations.")
    energy_per_atom: float = Field(description="eV, judged.")
    fmax: float = Field(description="eV/A, judged: the optimisers' measure, atoms and cell.")
    force_max: float = Field(description="eV/A, judged: the largest force on an atom.")
    stress_max: float = Field(description="GPa, judged: the largest component.")
    volume: float = Field(description="A^3")


class RelaxRatio(_Part):
    """How a contender compares with stock."""

    contender: str
    over: str
    wall: float = Field(description="Quotient of the wall times.")
    cpu: float
    per_step: float = Field(description="Quotient of the times per step.")
    steps: float = Field(description="Quotient of the numbers of steps.")
    energy_difference: float = Field(description="meV/atom, judged; negative: lower than stock's.")


class RelaxReport(_Report):
    """Report of `benchmark relax`."""

    benchmark: Literal["relax"] = "relax"
    threads: int
    rounds: int
    fmax: float = Field(description="Threshold, eV/A.")
    max_steps: int
    relax_cell: bool
    runs: list[RelaxRun]
    ratios: list[RelaxRatio]


class FinetuneRun(_Part):
    """One contender's fine-tuning; an update that begins an epoch warms up and is not timed."""

    contender: str
    title: str
    images: int = Field(description="Images timed, over all rounds.")
    wall_ms: float = Field(description="Of an image: forward and backward pass, its share of the update.")
    cpu_ms: float
    images_per_s: float = Field(description="1000 / wall_ms")
    losses: list[float] = Field(description="Mean loss of every epoch.")


class FinetuneRatio(_Part):
    """How a contender compares with stock."""

    contender: str
    over: str
    wall: float = Field(description="Quotient of images per second.")
    cpu: float
    memory: float | None = Field(description="Its peak over stock's; below 1 it needs less.")
    loss_difference: float = Field(description="Largest relative difference of an epoch's loss.")


class FinetuneReport(_Report):
    """Report of `benchmark finetune`."""

    benchmark: Literal["finetune"] = "finetune"
    threads: int
    rounds: int
    images: int = Field(description="Training images of an epoch.")
    batch_size: int
    epochs: int
    runs: list[FinetuneRun]
    ratios: list[FinetuneRatio]
