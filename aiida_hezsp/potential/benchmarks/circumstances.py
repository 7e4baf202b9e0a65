"""What a benchmark is told beside what to run."""

from collections.abc import Callable
from dataclasses import dataclass, field

from aiida_hezsp.potential.evaluation import set_threads

__all__ = ("Circumstances", "Report")

Report = Callable[[str, float], None]


def _silent(*_: object) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Circumstances:
    """How it was called, what is installed, and how it speaks.

    `prepare` sets up every process of the benchmark, given its threads (importable, for it is sent to other processes):
    the same for stock as for ours. `report` is called with what is at work and the fraction done, `warn` with a line
    where the machine is not idle.
    """

    command: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[int], None] = set_threads
    report: Report = _silent
    warn: Callable[[str], None] = _silent
