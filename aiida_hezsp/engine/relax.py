"""Job `relax`: relax many structures with one model."""

import time
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from aiida_hezsp.engine.files import write_json
from aiida_hezsp.engine.finished import Finished
from aiida_hezsp.engine.job_input import FileName, ModelName, resolve
from aiida_hezsp.engine.layout import LayoutInput, calculator_for, left_out, run_structures
from aiida_hezsp.engine.model import find_model
from aiida_hezsp.engine.pool import Speak
from aiida_hezsp.engine.progress import Board, Reporter
from aiida_hezsp.engine.structures import atoms_from_entry, entry_from_atoms, read_structures
from aiida_hezsp.potential.relaxation import OptimizerName, RelaxSettings

__all__ = ("RelaxInput", "run")

NOTHING = dict.fromkeys(
    ("energy", "energy_per_atom", "volume", "fmax", "n_steps", "converged", "wall_time_s", "error", "error_code")
)
DECISIVE = {"fmax", "max_steps", "optimizer", "relax_cell"}  # for a result


class RelaxInput(LayoutInput):
    """Input of the job."""

    model: ModelName
    structures: FileName = "structures.json"
    fmax: float = Field(default=0.05, gt=0, description="eV/A")
    max_steps: int = Field(default=500, ge=0)
    optimizer: OptimizerName = "LBFGS"
    relax_cell: bool = True
    restart_every: int = Field(default=5, ge=1, description="steps between restart points")

    def settings(self) -> RelaxSettings:
        """Return what the science floor wants to know."""
        return RelaxSettings(self.fmax, self.max_steps, self.optimizer, self.relax_cell, self.restart_every)


class Context(NamedTuple):
    """What every process needs."""

    folder: Path
    model: str
    checksum: str
    threads: int
    settings: RelaxSettings
    evaluator: Any = None


class RelaxTask:
    """Relaxes one structure after the other with one model."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.calculator = calculator_for(context)

    def __call__(self, label: str, payload: Any, speak: Speak) -> dict[str, Any]:
        """Return result and relaxed structure of an entry of the structures file."""
        from aiida_hezsp.potential.relaxation import relax

        begin, reporter = time.perf_counter(), Reporter(speak)
        atoms = atoms_from_entry(label, payload)
        done = relax(
            atoms,
            self.calculator,
            self.context.settings,
            lambda step, energy, fmax: reporter.step(step, f" {energy:.3f} eV {fmax:.3f} eV/A"),
            restart_file=_restart_file(self.context.folder, label),
            identity=self.context.checksum,
        )
        result = {
            "energy": done.energy,
            "energy_per_atom": done.energy / len(atoms),
            "volume": float(done.atoms.get_volume()),
            "fmax": done.fmax,
            "n_steps": done.n_steps,
            "converged": done.converged,
            "wall_time_s": round(time.perf_counter() - begin, 3),
            "error": None,
            "error_code": None,
        }
        return {"result": result, "structure": entry_from_atoms(done.atoms)}


def run(inputs: RelaxInput, folder: Path) -> dict[str, Any]:
    """Relax the structures of a folder, write `relaxed.json`, return results by label."""
    model, checksum = find_model(folder, inputs.model)
    entries = {
        label: entry_from_atoms(atoms) for label, atoms in read_structures(resolve(folder, inputs.structures)).items()
    }
    finished = Finished(folder, inputs.model_dump(include=DECISIVE), checksum)
    done = {label: found for label, entry in entries.items() if (found := finished.load(label, entry))}
    results = dict.fromkeys(entries, NOTHING) | {key: one["result"] for key, one in done.items()}
    todo = {label: entry for label, entry in entries.items() if label not in done}
    context = Context(folder, model, checksum, inputs.threads, inputs.settings())
    board = Board("relax", len(entries), inputs.max_steps, finished=len(done), bound=True)
    for outcome in run_structures(RelaxTask, context, todo, inputs, board):
        label = outcome.label
        if outcome.error is None:
            done[label] = outcome.result
            finished.save(label, entries[label], outcome.result)
            _restart_file(folder, label).unlink(missing_ok=True)
            results[label] = outcome.result["result"]
        else:
            results[label] = NOTHING | {"error": outcome.error, "error_code": outcome.error_code}
        failed = outcome.error is not None
        board.end(label, _summary(results[label]), steps=results[label]["n_steps"] or 0, failed=failed)
    write_json(folder / "relaxed.json", {label: done[label]["structure"] for label in entries if label in done})
    return {"model_sha256": checksum, **inputs.layout(), "results": results, "left_out": left_out(results)}


def _restart_file(folder: Path, label: str) -> Path:
    """Return where the last geometry of a structure is kept while it is relaxed."""
    return folder / Finished.FOLDER / f"{label}.npz"


def _summary(result: dict[str, Any]) -> str:
    """Return one result in words."""
    if result["error"] is not None:
        return f"failed: {result['error']}"
    word = "converged" if result["converged"] else "not converged"
    return f"{word} in {result['n_steps']} steps, {result['energy_per_atom']:.4f} eV/atom"
