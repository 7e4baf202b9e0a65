"""One run of a benchmark: where, when, how far it is, and what every report says of it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from aiida_hezsp.potential.benchmarks.circumstances import Circumstances
from aiida_hezsp.potential.benchmarks.machine import Watch, busy_line, describe_machine
from aiida_hezsp.potential.benchmarks.results import Subject

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ("Occasion",)


class Wanted(Protocol):
    """What all benchmarks are asked for."""

    @property
    def formula(self) -> str:
        """Composition."""

    @property
    def seed(self) -> int:
        """Of everything drawn."""

    @property
    def model(self) -> str:
        """Bundled name or model file."""


class Occasion:
    """Looks at the machine when it is made; counts the parts of the benchmark, each reported when it begins."""

    def __init__(self, circumstances: Circumstances, parts: int) -> None:
        self.circumstances, self._parts, self._begun = circumstances, parts, 0
        self._machine, self._watch = describe_machine(), Watch()
        if busy := busy_line(self._machine):
            circumstances.warn(busy)

    def at(self, what: str) -> None:
        """Begin the next part."""
        self.circumstances.report(what, self._begun / self._parts)
        self._begun += 1

    def fields(self, wanted: Wanted, atoms: "Atoms") -> dict[str, Any]:
        """Return the fields that all reports have, at the end of the benchmark."""
        return {
            "created": datetime.now(tz=UTC).isoformat(timespec="seconds"),
            "command": self.circumstances.command,
            "machine": self._machine,
            "disturbance": self._watch.read(),
            "versions": self.circumstances.versions,
            "subject": Subject(formula=wanted.formula, atoms=len(atoms), seed=wanted.seed, model=wanted.model),
        }
