"""How the structures of a job share the machine: a process each on CPUs, batches on a GPU."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from aiida_hezsp.engine.job_input import JobInput
from aiida_hezsp.engine.pool import Outcome, Task, run_tasks
from aiida_hezsp.engine.process import prepare_process
from aiida_hezsp.engine.progress import Board
from aiida_hezsp.potential.device import Device, choose_device

if TYPE_CHECKING:
    from aiida_hezsp.potential.calculator import FastCHGNetCalculator

__all__ = ("LayoutInput", "calculator_for", "exploded", "left_out", "run_structures")

GPU_BATCH = 32  # structures evaluated together on a GPU, where the input does not say


class LayoutInput(JobInput):
    """Input of the jobs that run many structures."""

    device: Device = Field(default="auto", description="auto: cuda where torch finds a GPU, cpu elsewhere")
    batch_size: int | None = Field(
        default=None,
        ge=1,
        le=1024,
        description="structures evaluated together in one process; null: 32 on a GPU, one a process on the CPU",
    )

    def layout(self) -> dict[str, Any]:
        """Return the device and the number of structures evaluated together, as they are used.

        Raises:
            InputError: the device is not there.
        """
        device = choose_device(self.device)
        return {"device": device, "batch_size": self.batch_size or (GPU_BATCH if device == "cuda" else 1)}


def calculator_for(context: Any) -> "FastCHGNetCalculator":
    """Return the calculator of a task: on the evaluator that is shared, or of its own."""
    if context.evaluator is not None:
        from aiida_hezsp.potential.batching import BatchedCalculator

        return BatchedCalculator(context.evaluator)
    from aiida_hezsp.potential.calculator import FastCHGNetCalculator

    prepare_process(context.threads)
    return FastCHGNetCalculator(context.model, threads=context.threads)


def run_structures(
    kind: type[Task], context: Any, payloads: Mapping[str, Any], inputs: LayoutInput, board: Board
) -> Iterator[Outcome]:
    """Yield the outcome of every structure as it finishes.

    Args:
        kind: class of the task.
        context: named tuple with (at least) `model`, `threads` and `evaluator`.
        payloads: entries of the structures file, by label.
        inputs: of the job.
        board: hears how far they are.
    """
    layout = inputs.layout()
    if not payloads or layout == {"device": "cpu", "batch_size": 1}:
        yield from run_tasks(kind, context, payloads, inputs.workers, board)
        return
    from aiida_hezsp.engine.batches import run_batched
    from aiida_hezsp.potential.batching import BatchingEvaluator

    prepare_process(inputs.threads)
    evaluator = BatchingEvaluator(context.model, device=layout["device"], size=layout["batch_size"])
    yield from run_batched(kind, context, payloads, evaluator, board)


def left_out(results: Mapping[str, Any]) -> dict[str, str]:
    """Return why structures have no result, by label."""
    return {label: entry["error"] for label, entry in results.items() if entry["error"] is not None}


def exploded(output: Mapping[str, Any]) -> bool:
    """Return whether every structure of a finished job has left everything physical."""
    results = output.get("results") or {}
    return bool(results) and all(entry.get("error_code") == "ERROR_EXPLOSION" for entry in results.values())
