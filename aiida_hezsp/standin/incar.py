"""INCAR: the grammar, and typed access to single tags.

Grammar as in the VASP manual: `TAG = value`, several statements on a line separated by `;`, comments after `#` or `!`,
a backslash at the end of a line continues it, values in double quotes may span lines, lines without `=` are
comments, a tag given twice keeps its first value, `3*0.6` repeats a number. Tag names are case-insensitive.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from aiida_hezsp.errors import StandinError

__all__ = ("Incar", "parse_incar")

_QUOTED = re.compile(r'([A-Za-z_]\w*)\s*=\s*"([^"]*)"')
_TAG = re.compile(r"[A-Za-z_]\w*(?:/\w+)*")
_INTEGER = re.compile(r"[+-]?\d+")
_REAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?")
_LOGICAL = re.compile(r"\.?(?P<letter>[tTfF])[A-Za-z]*\.?")

Value = TypeVar("Value")


@dataclass(frozen=True)
class Incar:
    """Tags (upper case) and their raw values; each accessor converts one or stops the way VASP does."""

    tags: Mapping[str, str]

    def integer(self, tag: str, default: int) -> int:
        """One integer."""
        return self._get(tag, default, _integer)

    def real(self, tag: str, default: float) -> float:
        """One real number; `1d-5` is read as Fortran does."""
        return self._get(tag, default, _real)

    def logical(self, tag: str, *, default: bool) -> bool:
        """`.TRUE.`, `T`, `true` and their negations."""
        return self._get(tag, default, _logical)

    def text(self, tag: str, default: str) -> str:
        """The first word."""
        return self._get(tag, default, lambda value: value.split(maxsplit=1)[0])

    def reals(self, tag: str) -> list[float]:
        """All numbers of a tag with repetitions expanded; empty if the tag is absent."""
        return self._get(tag, [], lambda value: [number for word in value.split() for number in _repeated(word)])

    def _get(self, tag: str, default: Value, convert: Callable[[str], Value]) -> Value:
        if tag not in self.tags:
            return default
        try:
            return convert(self.tags[tag])
        except (ValueError, IndexError):
            raise StandinError(
                f" Error reading item '{tag}' from file INCAR.\n"
                f" Error code was IERR= 5 : the value is {self.tags[tag]!r}."
            ) from None


def parse_incar(text: str) -> Incar:
    """Read INCAR from its text.

    Raises:
        StandinError: a statement has `=` but no valid tag before it.
    """
    tags: dict[str, str] = {}
    joined = re.sub(r"\\[ \t]*\r?\n", " ", text)
    for statement in _statements(joined):
        name, _, value = statement.partition("=")
        tag = name.strip().upper()
        if not _TAG.fullmatch(tag):
            raise StandinError(f" Error reading file INCAR: {statement.strip()!r} has no valid tag before '='.")
        tags.setdefault(tag, value.strip())
    return Incar(MappingProxyType(tags))


def _statements(text: str) -> Iterator[str]:
    """Statements `TAG = value`, without comments; quoted values come whole, their line breaks as spaces."""
    end = 0
    for match in _QUOTED.finditer(text):
        if _in_comment(text, match.start()):
            continue
        yield from _plain_statements(text[end : match.start()])
        yield f"{match[1]} = {' '.join(match[2].split())}"
        end = match.end()
    yield from _plain_statements(text[end:])


def _in_comment(text: str, position: int) -> bool:
    line = text[text.rfind("\n", 0, position) + 1 : position]
    return "#" in line or "!" in line


def _plain_statements(text: str) -> Iterator[str]:
    for line in text.splitlines():
        content = re.split(r"[#!]", line, maxsplit=1)[0]
        yield from (part for part in content.split(";") if "=" in part)


def _integer(value: str) -> int:
    word = value.split(maxsplit=1)[0]
    if not _INTEGER.fullmatch(word):
        raise ValueError(word)
    return int(word)


def _real(value: str) -> float:
    word = value.split(maxsplit=1)[0]
    if not _REAL.fullmatch(word):
        raise ValueError(word)
    number = float(word.lower().replace("d", "e"))
    if not math.isfinite(number):
        raise ValueError(word)
    return number


def _logical(value: str) -> bool:
    match = _LOGICAL.fullmatch(value.split(maxsplit=1)[0])
    if match is None:
        raise ValueError(value)
    return match["letter"] in "tT"


def _repeated(word: str) -> list[float]:
    """`0.6` -> [0.6]; `3*0.6` -> [0.6, 0.6, 0.6]."""
    count, star, value = word.rpartition("*")
    return [_real(value)] * (_integer(count) if star else 1)
