"""Ctrl-C of a run in this terminal: it ends between two steps, and its jobs and nodes end as killed."""

import asyncio
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiida import orm

__all__ = ("interrupts_between_steps", "kill_processes")

_STATUS = "Killed by Ctrl-C"


@contextmanager
def interrupts_between_steps(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt between two callbacks of the loop; pressed again, at once.

    Within a callback it could fall between the start of a job and the storing of its number, and that job would go on.
    """
    asked = False

    def interrupt() -> None:
        raise KeyboardInterrupt

    def handle(_number: int, _frame: Any) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        loop.call_soon_threadsafe(interrupt)

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def kill_processes(nodes: "Iterable[orm.ProcessNode]") -> tuple[int, list[str]]:
    """Kill the jobs of processes that have not ended, and seal all that have not as killed.

    AiiDA kills the children of a process by way of a broker, and a run in a terminal has none. Jobs are killed by their
    schedulers: those on this machine have a session of their own, which Ctrl-C does not reach.

    Returns:
        The number of jobs that were killed, and a line for every job that may still run.
    """
    from aiida import orm

    alive = [node for node in nodes if not node.is_terminated]
    jobs = [node for node in alive if isinstance(node, orm.CalcJobNode) and node.get_job_id() is not None]
    left = [line for line in map(_kill_job, jobs) if line]
    for node in alive:
        _seal_as_killed(node)
    return len(jobs) - len(left), left


def _kill_job(node: "orm.CalcJobNode") -> str:
    """Kill a job by its scheduler; return a line if that failed."""
    from aiida.engine.daemon.execmanager import kill_calculation

    try:
        with node.get_authinfo().get_transport() as transport:
            kill_calculation(node, transport)
    except Exception as error:  # noqa: BLE001 - of a transport, a scheduler or a network: the other jobs are still to be killed
        return (
            f"job {node.get_job_id()} of {node.process_label}<{node.pk}> may still run on {node.computer.label}: "
            f"{' '.join(str(error).split()) or type(error).__name__}"
        )
    return ""


def _seal_as_killed(node: "orm.ProcessNode") -> None:
    """Give a node the state that AiiDA gives to what it kills."""
    from aiida import orm
    from aiida.engine import ProcessState

    node.set_process_state(ProcessState.KILLED)
    node.set_process_status(_STATUS)
    node.delete_checkpoint()
    if isinstance(node, orm.CalcJobNode):
        node.delete_state()
    node.seal()
