"""Copy files of a run, decompressed, and measure them; the user's own files are only read."""

import bz2
import gzip
import hashlib
import lzma
import zlib
from pathlib import Path
from typing import IO

from aiida_hezsp.errors import VaspRunError

__all__ = ("tail_of", "unpack")

_OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_DAMAGED = (EOFError, OSError, lzma.LZMAError, zlib.error)
_BLOCK = 1 << 20


def unpack(source: Path, target: Path) -> str:
    """Copy `source` to `target`, decompressed, and return the SHA-256 of the content.

    Raises:
        VaspRunError: the file cannot be read, or its compression is damaged.
    """
    digest = hashlib.sha256()
    try:
        with _open(source) as packed, target.open("wb") as plain:
            while block := packed.read(_BLOCK):
                digest.update(block)
                plain.write(block)
    except _DAMAGED as error:
        raise VaspRunError(f"{source.name} cannot be read: {error}") from error
    return digest.hexdigest()


def tail_of(path: Path, size: int = 1 << 16) -> str:
    """Return the last `size` bytes of a file as text."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        return file.read().decode("utf8", errors="replace")


def _open(path: Path) -> IO[bytes]:
    """Open a file that may be compressed."""
    opener = _OPENERS.get(path.suffix)
    return opener(path, "rb") if opener else path.open("rb")
