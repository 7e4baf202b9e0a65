"""Job `relax`: relax many structures with one model."""

import time
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field

from aiida_hezsp.engine.files import write_json
from aiida_hezsp.engine.finished import Finished
from aiida_hezsp.engine.job_input import FileName, JobInput, ModelName, resolve
from aiida_hezsp.engine.model import find_model
from aiida_hezsp.engine.pool import Speak, run_tasks
from aiida_hezsp.engine.process import prepare_process
from aiida_hezsp.engine.progress import Progress, say
from aiida_hezsp.engine.structures import atoms_from_entry, entry_from_atoms, read_structures
from aiida_hezsp.potential.relaxation import RelaxSettings

__all__ = ("RelaxInput", "run")

NOTHING = dict.fromkeys(("energy", "energy_per_atom", "volume", "fmax", "n_steps", "converged", "wall_time_s"))


class RelaxInput(JobInput):
    """Input of the job."""

    model: ModelName
    structures: FileName = "structures.json"
    fmax: float = Field(default=0.05, gt=0, description="eV/A")
    max_steps: int = Field(default=500, ge=0)
    optimizer: Literal["FIRE", "LBFGS", "BFGS"] = "LBFGS"
    relax_cell: bool = True

    def settings(self) -> RelaxSettings:
        """Return what the science floor wants to know."""
        return RelaxSettings(self.fmax, self.max_steps, self.optimizer, self.relax_cell)


class Context(NamedTuple):
    """What every process needs."""

    model: str
    threads: int
    settings: RelaxSettings


class RelaxTask:
    """Relaxes one structure after the other with one model."""

    def __init__(self, context: Context) -> None:
        from aiida_hezsp.potential.calculator import FastCHGNetCalculator

        self.settings = context.settings
        prepare_process(context.threads)
        self.calculator = FastCHGNetCalculator(context.model, threads=context.threads)

    def __call__(self, label: str, payload: Any, speak: Speak) -> dict[str, Any]:
        """Return result and relaxed structure of an entry of the structures file."""
        from aiida_hezsp.potential.relaxation import relax

        begin = time.perf_counter()
        progress = Progress(speak, self.settings.max_steps)

        def report(step: int, energy: float, fmax: float) -> None:
            if step:
                speed = step / (time.perf_counter() - begin)
                progress.step(step, speed, f" at most, energy {energy:.4f} eV, largest force {fmax:.4f} eV/A")

        atoms = atoms_from_entry(label, payload)
        done = relax(atoms, self.calculator, self.settings, report)
        result = {
            "energy": done.energy,
            "energy_per_atom": done.energy / len(atoms),
            "volume": float(done.atoms.get_volume()),
            "fmax": done.fmax,
            "n_steps": done.n_steps,
            "converged": done.converged,
            "wall_time_s": round(time.perf_counter() - begin, 3),
            "error": None,
        }
        return {"result": result, "structure": entry_from_atoms(done.atoms)}


def run(inputs: RelaxInput, folder: Path) -> dict[str, Any]:
    """Relax the structures of a folder, write `relaxed.json`, return results by label."""
    model, checksum = find_model(folder, inputs.model)
    entries = {
        label: entry_from_atoms(atoms) for label, atoms in read_structures(resolve(folder, inputs.structures)).items()
    }
    finished = Finished(folder, inputs.model_dump(include={"fmax", "max_steps", "optimizer", "relax_cell"}), checksum)
    done = {label: found for label, entry in entries.items() if (found := finished.load(label, entry))}
    results = {label: NOTHING | {"error": None} for label in entries} | {
        key: one["result"] for key, one in done.items()
    }
    todo = {label: entry for label, entry in entries.items() if label not in done}
    context = Context(model, inputs.threads, inputs.settings())
    for outcome in run_tasks(RelaxTask, context, todo, inputs.workers, "relax"):
        if outcome.error is None:
            done[outcome.label] = outcome.result
            finished.save(outcome.label, entries[outcome.label], outcome.result)
            results[outcome.label] = outcome.result["result"]
        else:
            results[outcome.label] = NOTHING | {"error": outcome.error}
        say(f"relax {outcome.label} {_summary(results[outcome.label])} ({len(done)} of {len(entries)} done)")
    write_json(folder / "relaxed.json", {label: done[label]["structure"] for label in entries if label in done})
    return {"model_sha256": checksum, "results": results}


def _summary(result: dict[str, Any]) -> str:
    """Return one result in words."""
    if result["error"] is not None:
        return f"failed: {result['error']}"
    word = "converged" if result["converged"] else "not converged"
    return f"{word} in {result['n_steps']} steps, {result['energy_per_atom']:.4f} eV/atom"
