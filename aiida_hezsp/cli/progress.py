"""Run a process in this terminal and show how far it is."""

import asyncio
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from aiida_hezsp.cli.interrupt import interrupts_between_steps, kill_processes
from aiida_hezsp.cli.logs import quiet_console
from aiida_hezsp.cli.refusals import refusals_in_one_line

if TYPE_CHECKING:
    from aiida import orm

__all__ = ("run_with_progress",)

_LOGS = ("hezsp-engine.log", "OSZICAR")
_INTERVAL_LIVE, _INTERVAL_PLAIN = 2.0, 20.0  # s
_TAIL = 4096  # bytes of a log that are looked at


def _last_line(node: "orm.CalcJobNode") -> str:
    """Return the last line a running job has written; empty where its folder is not on this machine."""
    folder = node.get_remote_workdir()
    if folder is None or node.computer.transport_type != "core.local":
        return ""
    for name in _LOGS:
        path = Path(folder) / name
        if path.is_file():
            with path.open("rb") as handle:
                handle.seek(max(0, path.stat().st_size - _TAIL))
                lines = handle.read().decode("utf8", errors="replace").strip().splitlines()
            return lines[-1].strip() if lines else ""
    return ""


class _Progress:
    """What has ended and what runs below one process, as lines of text."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.start = time.monotonic()
        self.root: str | None = None
        self.reported: set[int] = set()

    @property
    def clock(self) -> str:
        """Minutes and seconds since the start."""
        minutes, seconds = divmod(int(time.monotonic() - self.start), 60)
        return f"{minutes:02d}:{seconds:02d}"

    def descendants(self) -> "list[orm.ProcessNode]":
        """Return all processes below the root, oldest first."""
        from aiida import orm

        nodes, level = [], [self.root]
        while level:
            query = orm.QueryBuilder()
            query.append(orm.WorkflowNode, filters={"uuid": {"in": level}}, tag="parent")
            query.append(orm.ProcessNode, with_incoming="parent", project="*")
            found = query.all(flat=True)
            nodes += found
            level = [node.uuid for node in found if isinstance(node, orm.WorkflowNode)]
        return sorted(nodes, key=lambda node: node.pk)

    def ended(self, nodes: "list[orm.ProcessNode]") -> list[Text]:
        """Return a line for every job and work chain that ended since the last call."""
        from aiida import orm

        lines = []
        for node in nodes:
            if node.pk in self.reported or not node.is_terminated or isinstance(node, orm.CalcFunctionNode):
                continue
            self.reported.add(node.pk)
            cached = ", from the cache" if node.base.caching.is_created_from_cache else ""
            outcome = "done" if node.is_finished_ok else f"FAILED: {node.exit_message or node.process_state.value}"
            style = "green" if node.is_finished_ok else "red"
            if isinstance(node, orm.CalcJobNode) or node.label:
                name = node.label or node.process_label
                lines.append(Text(f"{self.clock}  {name:<42} {node.process_label}<{node.pk}> {outcome}{cached}", style))
        return lines

    def running(self, nodes: "list[orm.ProcessNode]") -> list[Text]:
        """Return a line for every job that runs now."""
        from aiida import orm

        active = (node for node in nodes if isinstance(node, orm.CalcJobNode) and not node.is_terminated)
        return [
            Text(f"{self.clock}  {node.label or node.process_label:<42} {_last_line(node)[:100]}", "dim")
            for node in active
        ]


async def _watch(progress: _Progress, live: Live | None) -> None:
    """Show the progress until cancelled."""
    while True:
        if progress.root is not None:
            nodes = progress.descendants()
            for line in progress.ended(nodes):
                progress.console.print(line, soft_wrap=True)
            if live is not None:
                live.update(Group(*progress.running(nodes)))
            else:
                for line in progress.running(nodes):
                    progress.console.print(line, soft_wrap=True)
        await asyncio.sleep(_INTERVAL_PLAIN if live is None else _INTERVAL_LIVE)


def _kill(progress: _Progress, root: "orm.ProcessNode") -> None:
    """Kill a run and tell what was killed."""
    n_jobs, left = kill_processes([root, *progress.descendants()])
    line = f"{root.process_label}<{root.pk}> was killed, with {n_jobs} running job{'s' if n_jobs != 1 else ''}"
    progress.console.print(Text(line, "red"), soft_wrap=True)
    for line in left:
        progress.console.print(Text(line, "red"), soft_wrap=True)


def run_with_progress(builder: Any, console: Console) -> "orm.ProcessNode":
    """Run a process builder to its end in this terminal and return its node.

    Finished jobs are listed as they end; what runs is shown with the last line of its log (live in a terminal, every
    20 s elsewhere). Ctrl-C kills the run with its jobs; finished jobs are found again by the cache when it is repeated.

    Raises:
        InputError: the process refuses its inputs.
    """
    from aiida.manage import get_manager

    runner = get_manager().create_runner(communicator=None)
    quiet_console(logging.WARNING)  # reports are for `verdi process report`
    progress = _Progress(console)
    live = Live(console=console, refresh_per_second=2, transient=True) if console.is_terminal else None
    with refusals_in_one_line():
        process = runner.instantiate_process(builder)
    progress.root = process.node.uuid
    watch = runner.loop.create_task(_watch(progress, live))
    try:
        if live is not None:
            live.start()
        with interrupts_between_steps(runner.loop):
            process.execute()
    except KeyboardInterrupt:
        _kill(progress, process.node)
        raise
    finally:
        watch.cancel()
        if live is not None:
            live.stop()
    for line in progress.ended(progress.descendants()):
        console.print(line, soft_wrap=True)
    return process.node
