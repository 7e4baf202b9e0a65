"""Check the header of a numpy file before memory is taken for what it declares."""

import math
import zipfile
from typing import IO

import numpy as np

__all__ = ("check_npy", "check_npy_members")

_HEADER_LIMIT = 10_000
_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def check_npy(file: IO[bytes], size: int) -> None:
    """Check that a ``.npy`` file holds plain numbers or text, and as many bytes of them as its header declares.

    Args:
        file: open at the beginning; read up to the end of the header.
        size: of the file, in bytes.

    Raises:
        ValueError: it holds Python objects (a pickle), or its header lies about its size.
    """
    version = np.lib.format.read_magic(file)
    if version not in _READERS:
        raise ValueError(f"an array in format {version[0]}.{version[1]}, which no file here needs")
    shape, _, dtype = _READERS[version](file, max_header_size=_HEADER_LIMIT)
    if dtype.hasobject:
        raise ValueError("an array of Python objects: it would be unpickled, and is not read")
    declared, there = math.prod(shape) * dtype.itemsize, size - file.tell()
    if any(length < 0 for length in shape) or declared != there:
        raise ValueError(f"an array that declares {declared} bytes where {there} are")


def check_npy_members(archive: zipfile.ZipFile) -> None:
    """Check every ``.npy`` member of an open zip file (npz, skops).

    Raises:
        ValueError: as in `check_npy`, with the name of the member; or two members have one name.
    """
    members = archive.infolist()
    if len({member.filename for member in members}) != len(members):
        raise ValueError("two members have the same name")
    for member in members:
        if member.filename.endswith(".npy"):
            with archive.open(member) as file:
                try:
                    check_npy(file, member.file_size)
                except ValueError as error:
                    raise ValueError(f"{member.filename}: {error}") from None
