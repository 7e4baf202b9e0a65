"""The same work in one process or in several at once."""

import multiprocessing
import traceback
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, Self

from aiida_hezsp.errors import BenchmarkError, HezspError
from aiida_hezsp.potential.benchmarks.machine import peak_memory_mb

__all__ = ("Crew", "Session")


class Session:
    """What a process of a benchmark holds; `start_mb`: its memory when nothing has been computed yet."""

    start_mb: float

    def memory(self) -> tuple[float, float]:
        """Return the memory at the start and at its peak, MB."""
        return self.start_mb, peak_memory_mb()


class Crew:
    """Sessions of one kind, one a process; every call goes to all of them at once and waits for all.

    The calls are sent when all processes are idle, so that they start together, within a fraction of a millisecond.
    """

    def __init__(self, kind: Callable[[Any], Any], job: Any, processes: int = 1, *, fresh: bool = False) -> None:
        """Make the sessions.

        Args:
            kind: importable, called with the job in every process.
            job: picklable.
            processes: one works in this process, unless `fresh`; more are started.
            fresh: whether one process, too, is a new one: then its memory is that of its work alone.
        """
        self._here = kind(job) if processes == 1 and not fresh else None
        self._others = [] if self._here is not None else [_Other(kind, job) for _ in range(processes)]
        try:
            for other in self._others:
                other.receive()  # made
        except BaseException:
            self.end()
            raise

    def call(self, method: str, *arguments: Any) -> list[Any]:
        """Call a method of every session and return what each returns.

        Raises:
            HezspError: that of a session.
            BenchmarkError: a process has ended, or failed for another reason.
        """
        if self._here is not None:
            return [getattr(self._here, method)(*arguments)]
        for other in self._others:
            other.send(method, arguments)
        return [other.receive() for other in self._others]

    def end(self) -> None:
        """End the processes."""
        for other in self._others:
            other.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


class _Other:
    """A session in another process."""

    def __init__(self, kind: Callable[[Any], Any], job: Any) -> None:
        # spawn: a forked process would inherit torch's thread pools in a state that hangs, and our memory.
        spawn = multiprocessing.get_context("spawn")
        self.pipe, other = spawn.Pipe()
        self.process = spawn.Process(target=_serve, args=(kind, job, other), daemon=True)
        self.process.start()
        other.close()

    def send(self, method: str, arguments: tuple[Any, ...]) -> None:
        """Ask for a call; that the process has ended is found when its answer is received."""
        try:
            self.pipe.send((method, arguments))
        except OSError:
            return

    def receive(self) -> Any:
        """Return the answer."""
        try:
            answer = self.pipe.recv()
        except (EOFError, OSError) as error:
            self.process.join()
            raise BenchmarkError(
                f"a process of the benchmark ended with status {self.process.exitcode}: -9 means that memory ran out"
            ) from error
        if isinstance(answer, Exception):
            raise answer
        return answer

    def end(self) -> None:
        """End the process."""
        self.pipe.close()
        self.process.terminate()
        self.process.join(timeout=5)


def _serve(kind: Callable[[Any], Any], job: Any, pipe: Connection) -> None:
    """Make a session, then answer calls until the pipe closes."""
    try:
        session = _attempt(partial(kind, job))
        pipe.send(session if isinstance(session, Exception) else None)
        while not isinstance(session, Exception):
            method, arguments = pipe.recv()
            pipe.send(_attempt(partial(getattr(session, method), *arguments)))
    except (EOFError, OSError):  # the parent has gone
        return


def _attempt(work: Callable[[], Any]) -> Any:
    """Return a result, or the error in its place."""
    try:
        return work()
    except HezspError as error:
        return error
    except Exception as error:  # noqa: BLE001 - told to the parent, which stops
        traceback.print_exc()
        return BenchmarkError(f"a process of the benchmark failed: {type(error).__name__}: {error}")
