"""Find the licensed text of a POTCAR: in files, in packed files inside them, and in the columns of a database."""

import bz2
import contextlib
import gzip
import lzma
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any

from aiida_hezsp.provenance.verify.limits import LIMITS, Limits

__all__ = ("TooLargeError", "holds_potcar", "sql_condition")

# A POTCAR has both of the first pair; OUTCAR repeats its header (VRHFIN), but not the end mark of a dataset.
PAIR = (b"VRHFIN", b"End of Dataset")
# Titles of the tables inside a POTCAR, misspellings included; nothing made from one repeats them.
TABLES = (b"PAW radial sets", b"uccopancies in atom", b"augmentation charges (non sperical)")
_READ = 1 << 20
_OVERLAP = 64
_SPOOL = 32 << 20
_USTAR = slice(257, 262)
_PACKED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
_DAMAGED = (
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)


class TooLargeError(ValueError):
    """A packed file unpacks to more than is read."""


def holds_potcar(file: IO[bytes], limits: Limits = LIMITS, depth: int = 0) -> bool:
    """Return whether a seekable file is, or holds, a POTCAR; gzip, bzip2, xz, zip and tar are looked into.

    Raises:
        TooLargeError: it unpacks to more than the limit.
    """
    if _marked(file):
        return True
    if depth >= limits.depth:
        return False
    return any(holds_potcar(inner, limits, depth + 1) for inner in _unpacked(file, limits))


def sql_condition(column: str) -> str:
    """Return an SQL condition that is true where a text column holds the text of a POTCAR."""
    found = [f"instr({column}, '{mark.decode()}') > 0" for mark in (*PAIR, *TABLES)]
    return f"(({' AND '.join(found[:2])}) OR {' OR '.join(found[2:])})"


def _marked(file: IO[bytes]) -> bool:
    """Return whether the bytes of a file have the marks of a POTCAR."""
    file.seek(0)
    missing, tail = set(PAIR), b""
    while block := file.read(_READ):
        text = tail + block
        missing = {mark for mark in missing if mark not in text}
        if not missing or any(mark in text for mark in TABLES):
            return True
        tail = text[-_OVERLAP:]
    return False


def _unpacked(file: IO[bytes], limits: Limits) -> Iterator[IO[bytes]]:
    """Yield what is packed in a file; nothing if it is not a packed file."""
    file.seek(0)
    head = file.read(512)
    file.seek(0)
    opener = next((opener for magic, opener in _PACKED.items() if head.startswith(magic)), None)
    try:
        if opener is not None:
            with opener(file) as inner:
                yield _copy(inner, limits)
        elif head.startswith(b"PK\x03\x04"):
            with zipfile.ZipFile(file) as archive:
                yield from (_copy(archive.open(name), limits) for name in archive.namelist())
        elif head[_USTAR] == b"ustar":
            with tarfile.open(fileobj=file) as archive:
                members = (archive.extractfile(member) for member in archive if member.isfile())
                yield from (_copy(member, limits) for member in members if member is not None)
    except TooLargeError:
        raise
    except _DAMAGED:
        return


def _copy(file: Any, limits: Limits) -> IO[bytes]:
    """Return what a packed file holds, up to where it is damaged: `read1` gives what is there before it raises."""
    copy: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_SPOOL)  # type: ignore[assignment]  # noqa: SIM115
    with contextlib.suppress(*_DAMAGED):
        while copy.tell() <= limits.nested and (block := file.read1(_READ)):
            copy.write(block)
    if copy.tell() > limits.nested:
        raise TooLargeError(f"holds a packed file that unpacks to more than {limits.nested} bytes")
    return copy
