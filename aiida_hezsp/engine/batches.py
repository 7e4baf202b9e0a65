"""Run tasks in threads that are evaluated together; the layout for a GPU."""

import queue
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from aiida_hezsp.engine.pool import Outcome, Task, attempt
from aiida_hezsp.engine.progress import Board, Standing
from aiida_hezsp.potential.batching import BatchingEvaluator

__all__ = ("run_batched",)

PATIENCE = 30.0  # s that threads get to end when the job does


def run_batched(
    kind: type[Task], context: Any, payloads: Mapping[str, Any], evaluator: BatchingEvaluator, board: Board
) -> Iterator[Outcome]:
    """Yield the outcome of every task as it finishes; a task that fails does not fail its neighbours.

    Args:
        kind: class of the task.
        context: a named tuple, handed to its constructor with the evaluator in the field `evaluator`.
        payloads: what each task works on, by label.
        evaluator: shared by all; as many tasks run at once as it evaluates together.
        board: hears how far the tasks are.
    """
    waiting, heard = _filled(payloads), queue.SimpleQueue[Outcome | tuple[str, Standing]]()
    shared = context._replace(evaluator=evaluator)

    def work() -> None:
        task = kind(shared)
        while True:
            try:
                label, payload = waiting.get_nowait()
            except queue.Empty:
                return
            with evaluator.run():
                outcome = attempt(task, label, payload, partial(_report, heard, label))
            heard.put(outcome)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(evaluator.size, len(payloads)))]
    for thread in threads:
        thread.start()
    try:
        left = len(payloads)
        while left:
            message = heard.get()
            if isinstance(message, Outcome):
                left -= 1
                yield message
            else:
                board.hear(*message)
    finally:
        evaluator.close()
        for thread in threads:
            thread.join(PATIENCE)


def _filled(payloads: Mapping[str, Any]) -> "queue.SimpleQueue[tuple[str, Any]]":
    """Return a queue of what is to be done."""
    waiting = queue.SimpleQueue[tuple[str, Any]]()
    for item in payloads.items():
        waiting.put(item)
    return waiting


def _report(heard: "queue.SimpleQueue[Outcome | tuple[str, Standing]]", label: str, standing: Standing) -> None:
    """Pass on how far a task is."""
    heard.put((label, standing))
