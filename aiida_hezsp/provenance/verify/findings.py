"""What a check found: one line each."""

import lzma
import sqlite3
import struct
import tarfile
import tokenize
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

__all__ = ("DAMAGED", "Finding", "VerifyReport", "join", "one_line")

DAMAGED = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    lzma.LZMAError,
    sqlite3.Error,
    struct.error,
    tarfile.TarError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the standard library and numpy raise on bytes that are not what they claim to be."""

_LONGEST = 300


@dataclass(frozen=True)
class Finding:
    """Something wrong: which check, where (a file, a member, a node), and what."""

    check: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


@dataclass(frozen=True)
class VerifyReport:
    """Outcome of a verification: findings (each a reason not to import), notes, and what was counted."""

    path: str
    kind: str
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    counts: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-able data."""
        findings = [vars(finding) for finding in self.findings]
        return {
            "path": self.path,
            "kind": self.kind,
            "ok": self.ok,
            "findings": findings,
            "notes": list(self.notes),
            "counts": self.counts,
        }


def one_line(problem: BaseException | str) -> str:
    """Return the first line of a text that may come from an archive, without control characters."""
    text = str(problem) if isinstance(problem, str) or str(problem) else type(problem).__name__
    first = next(iter(text.splitlines()), "")
    shown = "".join(character if character.isprintable() else "?" for character in first)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


def join(names: Iterable[str], *, shown: int = 3) -> str:
    """Return the first few names and how many more there are."""
    known = [one_line(name) for name in names]
    rest = len(known) - shown
    return ", ".join(known[:shown]) + (f" and {rest} more" if rest > 0 else "")
