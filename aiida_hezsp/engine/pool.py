"""Run one task per structure, in this process or in several; a task that fails does not fail its neighbours."""

import multiprocessing
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple, Protocol

from aiida_hezsp.engine.errors import describe
from aiida_hezsp.engine.process import end_with_parent
from aiida_hezsp.engine.progress import Board, Standing
from aiida_hezsp.errors import HezspError

__all__ = ("Outcome", "Speak", "Task", "attempt", "run_tasks")

Speak = Callable[[Standing], None]


class Task(Protocol):
    """Made once per process from a context (model file, settings, threads), called once per structure."""

    def __init__(self, context: Any) -> None: ...

    def __call__(self, label: str, payload: Any, speak: Speak) -> Any:
        """Do the work of one structure and return its result; errors are reported, not fatal."""


class Outcome(NamedTuple):
    """The result of one task, or the line that says why there is none, and the code of that kind of error."""

    label: str
    result: Any
    error: str | None = None
    error_code: str | None = None


def run_tasks(
    kind: type[Task], context: Any, payloads: Mapping[str, Any], workers: int, board: Board
) -> Iterator[Outcome]:
    """Yield the outcome of every task as it finishes.

    Args:
        kind: importable class of the task.
        context: handed to its constructor in every process.
        payloads: what each task works on, by label.
        workers: number of processes; one works in this process, and no more are started than there are tasks.
        board: hears how far the tasks are.

    Raises:
        HezspError: the task cannot be made, e.g. from a damaged model file; then no structure can be worked on.
    """
    workers = min(workers, len(payloads))
    if workers <= 1:
        yield from _run_here(kind, context, payloads, board)
    else:
        yield from _run_in_processes(kind, context, payloads, workers, board)


def _run_here(kind: type[Task], context: Any, payloads: Mapping[str, Any], board: Board) -> Iterator[Outcome]:
    """Run the tasks one after the other."""
    task = kind(context) if payloads else None
    for label, payload in payloads.items():
        assert task is not None
        yield attempt(task, label, payload, partial(board.hear, label))


def attempt(task: Task, label: str, payload: Any, speak: Speak) -> Outcome:
    """Run one task; turn an exception into a line."""
    try:
        return Outcome(label, task(label, payload, speak))
    except Exception as error:  # noqa: BLE001 - one structure must not fail its neighbours
        code, message = describe(error)
        if code == "ERROR_UNEXPECTED":
            traceback.print_exc(file=sys.stderr)
        return Outcome(label, None, message, code)


def _run_in_processes(
    kind: type[Task], context: Any, payloads: Mapping[str, Any], workers: int, board: Board
) -> Iterator[Outcome]:
    """Hand out tasks to processes; replace a process that dies."""
    waiting = list(payloads.items())
    crew = [_Worker(kind, context) for _ in range(workers)]
    try:
        for worker in crew:
            worker.give(waiting)
        while busy := [worker for worker in crew if worker.label is not None]:
            ready = wait([worker.pipe for worker in busy])
            for worker in [one for one in busy if one.pipe in ready]:
                outcome = worker.receive(board)
                if outcome is None:
                    continue
                yield outcome
                if not worker.process.is_alive() and waiting:
                    crew[crew.index(worker)] = worker = _Worker(kind, context)  # noqa: PLW2901 - its successor
                worker.give(waiting)
    finally:
        for worker in crew:
            worker.end()


class _Worker:
    """A process and the pipe to it."""

    def __init__(self, kind: type[Task], context: Any) -> None:
        # spawn: a forked process would inherit torch's thread pools in a state that hangs.
        spawn = multiprocessing.get_context("spawn")
        self.pipe, other = spawn.Pipe()
        self.process: BaseProcess = spawn.Process(target=_serve, args=(kind, context, other), daemon=True)
        self.process.start()
        other.close()
        self.label: str | None = None

    def give(self, waiting: list[tuple[str, Any]]) -> None:
        """Hand over the next task, if there is one; to a dead process as well, for `receive` to say how it ended."""
        self.label = None
        if waiting:
            label, payload = waiting.pop(0)
            self.label = label
            try:
                self.pipe.send((label, payload))
            except (BrokenPipeError, ConnectionResetError):
                return

    def receive(self, board: Board) -> Outcome | None:
        """Return an outcome, or None after a report of progress."""
        assert self.label is not None
        try:
            message = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            message = f"the process ended with status {self.process.exitcode}"
            return Outcome(self.label, None, message, "ERROR_PROCESS_DIED")
        if isinstance(message, Exception):
            raise message
        if isinstance(message, Outcome):
            return message
        board.hear(self.label, message)
        return None

    def end(self) -> None:
        """End the process."""
        self.pipe.close()
        self.process.terminate()
        self.process.join(timeout=5)


def _serve(kind: type[Task], context: Any, pipe: Connection) -> None:
    """Work in a process until the pipe closes."""
    end_with_parent()
    try:
        task = kind(context)
    except HezspError as error:
        pipe.send(error)
        return
    while True:
        try:
            label, payload = pipe.recv()
            pipe.send(attempt(task, label, payload, pipe.send))
        except (EOFError, OSError):  # the parent has gone
            return
