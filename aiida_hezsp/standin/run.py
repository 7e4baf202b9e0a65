"""One run of the stand-in in a folder: read, evaluate, move, write."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TextIO

from ase import Atoms

from aiida_hezsp.errors import StandinError
from aiida_hezsp.standin.banner import first_line, marker
from aiida_hezsp.standin.calculators import DEFAULT, make_calculator, provenance
from aiida_hezsp.standin.dynamics import run_dynamics
from aiida_hezsp.standin.inputs import Job, read_job
from aiida_hezsp.standin.labels import Labels, evaluate
from aiida_hezsp.standin.oszicar import OszicarWriter
from aiida_hezsp.standin.outcar import OutcarWriter
from aiida_hezsp.standin.poscar import write_contcar
from aiida_hezsp.standin.relax import OPTIMIZERS, relax
from aiida_hezsp.standin.scf import run_scf
from aiida_hezsp.standin.settings import OBEYED, SPIN_POLARISED
from aiida_hezsp.standin.step import Step, Thermo
from aiida_hezsp.standin.vasprun import VasprunWriter

__all__ = ("DIED", "FAILED", "FINISHED", "Options", "run")

End = Literal["normal", "unconverged", "ionic-unconverged", "die"]

FINISHED, FAILED, DIED = 0, 1, 137


@dataclass(frozen=True)
class Options:
    """What the command line says: calculator, threads, and how the run is to end.

    `unconverged`: NELM is reached in every ionic step. `ionic-unconverged`: EDIFFG is never met. `die`: killed after
    `die_after` ionic steps. With `once`, only where that file does not exist yet; it is then made.
    """

    calculator: str = DEFAULT
    calculator_options: dict[str, Any] = field(default_factory=dict)
    threads: int = 1
    end: End = "normal"
    die_after: int = 1
    once: Path | None = None


def run(folder: Path, options: Options, stdout: TextIO) -> int:
    """Do the job in `folder`; returns the exit status: 0, 1 (VASP would have stopped with an error) or 137 (killed)."""
    comment = marker(options.calculator, provenance(options.calculator))
    print(first_line(options.calculator), file=stdout, flush=True)
    print(f" {comment}", file=stdout, flush=True)
    (folder / "CONTCAR").write_text("", encoding="utf-8")  # VASP opens it at the start, too
    with (
        (folder / "OUTCAR").open("w", encoding="utf-8") as outcar,
        (folder / "OSZICAR").open("w", encoding="utf-8") as oszicar,
        (folder / "vasprun.xml").open("w", encoding="utf-8") as vasprun,
    ):
        writers = _Writers(
            VasprunWriter(vasprun, comment),
            OutcarWriter(outcar, comment),
            OszicarWriter(oszicar, comment),
            OszicarWriter(stdout),
        )
        try:
            return _Run(folder, options, comment, writers, stdout).execute()
        except StandinError as error:
            writers.outcar.note(str(error))
            print(str(error), file=stdout, flush=True)
            return FAILED


@dataclass(frozen=True)
class _Writers:
    vasprun: VasprunWriter
    outcar: OutcarWriter
    oszicar: OszicarWriter
    screen: OszicarWriter

    def step(self, step: Step) -> None:
        for writer in (self.vasprun, self.outcar, self.oszicar, self.screen):
            writer.step(step)

    def cut(self, step: Step) -> None:
        for writer in (self.vasprun, self.outcar, self.oszicar, self.screen):
            writer.cut(step)


class _Run:
    def __init__(self, folder: Path, options: Options, comment: str, writers: _Writers, stdout: TextIO) -> None:
        self._folder = folder
        self._options = options
        self._comment = comment
        self._writers = writers
        self._stdout = stdout

    def execute(self) -> int:
        job = read_job(self._folder)
        self._announce(job)
        options = self._options
        calculator = make_calculator(
            options.calculator, options.calculator_options, job.settings, job.kpoints, options.threads
        )
        job.atoms.calc = calculator.ase
        self._writers.vasprun.begin(job)
        self._writers.outcar.begin(job, _method(job))
        end = self._chosen_end()
        reached = False
        for step, reached in self._steps(job, end):  # noqa: B007 the last value is needed
            if end == "die" and step.number > options.die_after:
                self._writers.cut(step)
                print("Killed", file=self._stdout, flush=True)
                return DIED
            self._writers.step(step)
            self._contcar(job, job.atoms)
        self._finish(job, reached=reached)
        return FINISHED

    def _announce(self, job: Job) -> None:
        n_types, n_ions = len(job.potcar), len(job.atoms)
        print(f" POSCAR found :  {n_types} types and {n_ions:7d} ions", file=self._stdout)
        ignored = sorted(set(job.incar.tags) - OBEYED)
        if ignored:
            print(f" INCAR tags without effect in the stand-in: {' '.join(ignored)}", file=self._stdout)
        print(" entering main loop", file=self._stdout, flush=True)

    def _chosen_end(self) -> End:
        marker_file = self._options.once
        if self._options.end == "normal" or marker_file is None:
            return self._options.end
        if marker_file.exists():
            return "normal"
        marker_file.parent.mkdir(parents=True, exist_ok=True)
        marker_file.touch()
        return self._options.end

    def _steps(self, job: Job, end: End) -> Iterator[tuple[Step, bool]]:
        """Ionic steps with their electronic cycle; the last one may be one too many where the run is to die."""
        settings = job.settings
        results = _results(job, ignore_ediffg=end == "ionic-unconverged")
        for number, (labels, reached, thermo) in enumerate(results, 1):
            if settings.ispin != SPIN_POLARISED:
                labels = replace(labels, magmoms=None)  # noqa: PLW2901 what VASP without spin has not got
            scf = run_scf(
                labels.energy, len(job.atoms), number,
                ediff=settings.ediff, nelm=settings.nelm, nelmin=settings.nelmin, never=end == "unconverged",
            )  # fmt: skip
            yield Step(number, job.atoms, labels, scf, thermo), reached

    def _contcar(self, job: Job, atoms: Atoms) -> None:
        timestep = job.settings.potim if job.settings.task == "md" else None
        write_contcar(self._folder / "CONTCAR", atoms, job.poscar, self._comment, timestep=timestep)

    def _finish(self, job: Job, *, reached: bool) -> None:
        self._contcar(job, job.atoms)
        self._writers.vasprun.end(job.atoms)
        self._writers.outcar.end(reached=reached)
        if reached:
            print(" reached required accuracy - stopping structural energy minimisation", file=self._stdout)
        print(" stand-in finished", file=self._stdout, flush=True)


def _results(job: Job, *, ignore_ediffg: bool) -> Iterator[tuple[Labels, bool, Thermo | None]]:
    """Labels, whether EDIFFG is met, and MD's thermodynamics, of every ionic step."""
    settings = job.settings
    if settings.task == "static":
        yield evaluate(job.atoms), False, None
    elif settings.task == "md":
        poscar = job.poscar
        has_velocities = poscar.velocities is not None
        for labels, thermo in run_dynamics(
            job.atoms, settings, has_velocities=has_velocities, thermostat=poscar.thermostat
        ):
            yield labels, False, thermo
    else:
        for labels, reached in relax(job.atoms, settings, ignore_ediffg=ignore_ediffg):
            yield labels, reached, None


def _method(job: Job) -> str:
    settings = job.settings
    if settings.task == "static":
        return "Single point: ions do not move."
    if settings.task == "md":
        return "Molecular dynamics by ASE: Nose-Hoover chain NVT, or velocity Verlet for SMASS=-3."
    cell = " with FrechetCellFilter" if settings.moves_cell else ""
    return f"Relaxation by ASE's {OPTIMIZERS[settings.ibrion]}{cell}."
