"""The files in the repository of an archive: the bytes their names promise, and nothing that could be executed."""

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from typing import IO

from aiida_hezsp.potential.npy_header import check_npy, check_npy_members
from aiida_hezsp.provenance.verify.findings import DAMAGED, Finding, join, one_line
from aiida_hezsp.provenance.verify.limits import LIMITS, Limits
from aiida_hezsp.provenance.verify.potcar import TooLargeError, holds_potcar
from aiida_hezsp.provenance.verify.zip_structure import check_members

__all__ = ("check_file", "check_objects")

CHECK = "repository"
_SPOOL = 32 << 20
_PICKLE = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))
_PICKLED_NAMES = (".pkl", ".pickle", ".pth", ".pt")

Owners = dict[str, list[tuple[str, str]]]


def check_objects(
    archive: zipfile.ZipFile,
    owners: Owners,
    where: str,
    limits: Limits = LIMITS,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Finding]:
    """Yield what is wrong with the files of the nodes.

    Args:
        archive: open, its directory already checked.
        owners: file and node by checksum, from the database.
        where: name of the archive.
        limits: of sizes.
        progress: called with the number of files read and in all.
    """
    keys = [name.removeprefix("repo/") for name in archive.namelist() if name.startswith("repo/") and name != "repo/"]
    if missing := sorted(set(owners) - set(keys)):
        yield Finding(
            CHECK, where, f"{len(missing)} files of nodes are missing: {join(_owner(owners, k) for k in missing)}"
        )
    if orphans := sorted(set(keys) - set(owners)):
        yield Finding(CHECK, where, f"{len(orphans)} files belong to no node: {join(orphans)}")
    for number, key in enumerate(keys, start=1):
        yield from _check_object(archive, key, f"{where}: {_owner(owners, key)}", limits)
        if progress is not None:
            progress(number, len(keys))


def check_file(file: IO[bytes], size: int, where: str, limits: Limits = LIMITS) -> Iterator[Finding]:
    """Yield what is wrong with a seekable file: POTCAR text, a pickle, an array or a packed file that lies."""
    try:
        if holds_potcar(file, limits):
            yield Finding("potcar", where, "holds the text of a POTCAR")
    except TooLargeError as problem:
        yield Finding(CHECK, where, str(problem))
        return
    file.seek(0)
    head = file.read(8)
    try:
        if head.startswith(_PICKLE):
            yield Finding("pickle", where, "is a pickle: reading it would run what it names")
        elif head.startswith(b"\x93NUMPY"):
            file.seek(0)
            check_npy(file, size)
        elif head.startswith(b"PK\x03\x04"):
            yield from _check_packed(file, where, limits)
    except DAMAGED as problem:
        yield Finding("array", where, f"holds {one_line(problem)}")


def _check_packed(file: IO[bytes], where: str, limits: Limits) -> Iterator[Finding]:
    """Yield what is wrong with a zip file inside the repository (npz, skops, a PyTorch file)."""
    file.seek(0)
    try:
        archive = zipfile.ZipFile(file)
    except DAMAGED as problem:
        yield Finding("zip", where, f"is a damaged zip file ({one_line(problem)})")
        return
    with archive:
        if found := list(check_members(archive, where, limits)):
            yield from found
            return
        if pickles := [name for name in archive.namelist() if name.lower().endswith(_PICKLED_NAMES)]:
            yield Finding("pickle", where, f"holds a pickle ({join(pickles)}): reading it would run what it names")
        check_npy_members(archive)


def _check_object(archive: zipfile.ZipFile, key: str, where: str, limits: Limits) -> Iterator[Finding]:
    """Read one file, compare its checksum, and look at what it holds."""
    with tempfile.SpooledTemporaryFile(max_size=_SPOOL) as copy:
        try:
            with archive.open(f"repo/{key}") as stream:
                shutil.copyfileobj(stream, copy, 1 << 20)
        except DAMAGED as problem:
            yield Finding(CHECK, where, f"cannot be unpacked ({one_line(problem)})")
            return
        size = copy.tell()
        copy.seek(0)
        if _sha256(copy) != key:
            yield Finding(CHECK, where, "is not what its checksum says")
        yield from check_file(copy, size, where, limits)  # type: ignore[arg-type]


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _owner(owners: Owners, key: str) -> str:
    """Name the file by the node it belongs to."""
    name, uuid = owners.get(key, [("", "")])[0]
    return f"{one_line(name)} of node {uuid}" if uuid else f"repo/{key[:12]}"
