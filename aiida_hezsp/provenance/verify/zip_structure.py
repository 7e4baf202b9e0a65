"""The directory of a zip file, judged before anything is unpacked."""

import stat
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from aiida_hezsp.provenance.verify.findings import DAMAGED, Finding, join, one_line
from aiida_hezsp.provenance.verify.limits import LIMITS, Limits

__all__ = ("check_members", "check_zip", "climbs")

CHECK = "zip"
_KNOWN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_LOCAL_HEADER = 30


def climbs(name: str) -> bool:
    """Return whether a name leads, or could lead on some system, out of the folder it is unpacked into."""
    path = PurePosixPath(name)
    return (
        not name
        or name.startswith("/")
        or "\\" in name
        or ":" in name
        or ".." in path.parts
        or any(not character.isprintable() for character in name)
    )


def check_zip(file: Path | IO[bytes], where: str, limits: Limits = LIMITS) -> list[Finding]:
    """Return what is wrong with a zip file: cut off, bombs, climbing or repeated names, what no archive needs."""
    try:
        with zipfile.ZipFile(file) as archive:
            return list(check_members(archive, where, limits))
    except DAMAGED as problem:
        return [Finding(CHECK, where, f"not a zip file, or cut off ({one_line(problem)})")]


def check_members(archive: zipfile.ZipFile, where: str, limits: Limits = LIMITS) -> Iterator[Finding]:
    """Yield what is wrong with the members of an open zip file; nothing is unpacked."""
    members = archive.infolist()
    if len(members) > limits.members:
        yield Finding(CHECK, where, f"{len(members)} members, more than the limit of {limits.members}")
        return
    yield from _names(members, where)
    yield from _kinds(members, where)
    yield from _sizes(members, where, limits)
    yield from _layout(members, archive, where)


def _names(members: Iterable[zipfile.ZipInfo], where: str) -> Iterator[Finding]:
    counts = Counter(member.filename for member in members)
    if climbing := [name for name in counts if climbs(name)]:
        yield Finding(CHECK, where, f"members whose path climbs out of its folder: {join(map(repr, climbing))}")
    if repeated := [name for name, count in counts.items() if count > 1]:
        yield Finding(CHECK, where, f"members that occur twice: {join(repeated)}")
    if cut := [member.filename for member in members if member.filename != member.orig_filename]:
        yield Finding(CHECK, where, f"members whose name holds a null character: {join(cut)}")


def _kinds(members: Iterable[zipfile.ZipInfo], where: str) -> Iterator[Finding]:
    if links := [member.filename for member in members if stat.S_ISLNK(member.external_attr >> 16)]:
        yield Finding(CHECK, where, f"members that are symbolic links: {join(links)}")
    if secret := [member.filename for member in members if member.flag_bits & _ENCRYPTED]:
        yield Finding(CHECK, where, f"members that are encrypted: {join(secret)}")
    if odd := [member.filename for member in members if member.compress_type not in _KNOWN]:
        yield Finding(CHECK, where, f"members packed by a method that AiiDA does not use: {join(odd)}")


def _sizes(members: Iterable[zipfile.ZipInfo], where: str, limits: Limits) -> Iterator[Finding]:
    large = [member.filename for member in members if member.file_size > limits.member]
    if large:
        yield Finding(CHECK, where, f"members of more than {_gib(limits.member)}: {join(large)}")
    bombs = [member for member in members if _is_bomb(member.file_size, member.compress_size, limits)]
    if bombs:
        worst = max(bombs, key=lambda member: member.file_size)
        yield Finding(
            CHECK,
            where,
            f"a zip bomb: {one_line(worst.filename)} unpacks {worst.compress_size} to {worst.file_size} bytes",
        )
    total = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if total > limits.total:
        yield Finding(CHECK, where, f"unpacks to {_gib(total)}, more than the limit of {_gib(limits.total)}")
    elif not bombs and _is_bomb(total, packed, limits):
        yield Finding(CHECK, where, f"a zip bomb: all members together unpack {packed} to {total} bytes")


def _is_bomb(size: int, packed: int, limits: Limits) -> bool:
    return size > limits.small and size > limits.ratio * max(packed, 1)


def _layout(members: Iterable[zipfile.ZipInfo], archive: zipfile.ZipFile, where: str) -> Iterator[Finding]:
    """Members may not share bytes (an overlapping bomb), nor follow something that is not part of the zip file."""
    ordered = sorted(members, key=lambda member: member.header_offset)
    end = 0
    for member in ordered:
        if member.header_offset < end:
            yield Finding(CHECK, where, f"members share their bytes: {one_line(member.filename)} lies inside another")
            return
        end = member.header_offset + _LOCAL_HEADER + member.compress_size
    if ordered and ordered[0].header_offset != 0:
        yield Finding(CHECK, where, f"{ordered[0].header_offset} bytes of something else come before the zip file")
    if end > archive.start_dir:
        yield Finding(CHECK, where, "members reach into the directory of the zip file")


def _gib(size: float) -> str:
    return f"{size / 1024**3:.1f} GiB"
