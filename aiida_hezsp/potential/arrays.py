"""Read and write npz files safely: nothing is unpickled, sizes are known before memory is taken."""

import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aiida_hezsp.errors import HezspError
from aiida_hezsp.potential.npy_header import check_npy_members

__all__ = ("read_npz", "write_atomically", "write_npz")

MAX_BYTES = 4 * 1024**3
SMALL, MAX_RATIO = 64 * 1024**2, 100  # coordinates shrink by less than 10; only above SMALL a ratio is judged

# What zipfile, zlib and numpy raise on damaged bytes; RuntimeError: an encrypted or unknown kind of member.
_DAMAGED = (
    EOFError,
    KeyError,
    MemoryError,
    OSError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    ValueError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_npz(
    file: str | Path | IO[bytes], *, required: tuple[str, ...], error: type[HezspError], max_bytes: int = MAX_BYTES
) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npz file.

    Args:
        file: path or open binary file.
        required: the names of the arrays; others are refused.
        error: raised with a clear message if the file is missing, damaged, too large or holds other arrays.
        max_bytes: limit of the uncompressed size.
    """
    name = str(file) if isinstance(file, str | Path) else "the file"
    try:
        _check_members(file, name, required, error, max_bytes)
        with np.load(file, allow_pickle=False) as archive:
            return {key: archive[key] for key in required}
    except FileNotFoundError:
        raise error(f"{name} does not exist") from None
    except _DAMAGED as problem:
        raise error(f"{name} is damaged or not an npz file: {_one_line(problem)}") from problem


def write_npz(path: Path, arrays: Mapping[str, ArrayLike], *, compress: bool = True) -> None:
    """Write an npz file so that a reader finds the old file or the whole new one, never a part."""
    with write_atomically(path) as handle:
        (np.savez_compressed if compress else np.savez)(handle, **arrays)  # type: ignore[arg-type]


class write_atomically:  # noqa: N801 - reads as a verb where it is used
    """Open a file for writing that takes its name only when it is complete and on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.temporary = path.with_name(f".{path.name}.{os.getpid()}.part")

    def __enter__(self) -> IO[bytes]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.handle = self.temporary.open("wb")
        return self.handle

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.handle.flush()
            os.fsync(self.handle.fileno())
        self.handle.close()
        if kind is None:
            self.temporary.replace(self.path)
        else:
            self.temporary.unlink(missing_ok=True)


def _check_members(
    file: str | Path | IO[bytes], name: str, required: tuple[str, ...], error: type[HezspError], max_bytes: int
) -> None:
    """Compare names and sizes in the archive's directory with what is expected."""
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    found = {member.filename.removesuffix(".npy") for member in members}
    if missing := sorted(set(required) - found):
        raise error(f"{name} lacks the arrays {', '.join(missing)}")
    if foreign := sorted(found - set(required)):
        raise error(f"{name} holds arrays that do not belong there: {', '.join(foreign)}")
    size, packed = (sum(getattr(member, part) for member in members) for part in ("file_size", "compress_size"))
    if size > SMALL and size > MAX_RATIO * packed:
        raise error(f"{name} is a zip bomb: it unpacks {packed} to {size} bytes")
    if size > max_bytes:
        raise error(f"{name} holds {size / 1024**3:.1f} GiB, more than the limit of {max_bytes / 1024**3:.1f} GiB")
    with zipfile.ZipFile(file) as archive:
        check_npy_members(archive)
    if not isinstance(file, str | Path):
        file.seek(0)


def _one_line(problem: BaseException) -> str:
    """Return the first line of an exception's text."""
    return (str(problem).splitlines() or [type(problem).__name__])[0]
