"""SHA256SUMS: one line a file, as `sha256sum -c` reads it."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from aiida_hezsp.provenance.verify.findings import Finding, join, one_line
from aiida_hezsp.provenance.verify.zip_structure import climbs

__all__ = ("CHECKSUMS", "check_checksums", "sha256_of_file", "write_checksums")

CHECKSUMS = "SHA256SUMS"
CHECK = "checksums"
_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def write_checksums(folder: Path) -> None:
    """Write the checksums of all files of a folder."""
    files = sorted(path.name for path in folder.iterdir() if path.name != CHECKSUMS)
    lines = [f"{sha256_of_file(folder / name)}  {name}\n" for name in files]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf8")


def check_checksums(folder: Path) -> Iterator[Finding]:
    """Yield which files of a folder are not those its checksums were made of."""
    try:
        lines = (folder / CHECKSUMS).read_text(encoding="utf8").splitlines()
    except (OSError, ValueError) as error:
        yield Finding(CHECK, CHECKSUMS, f"cannot be read ({one_line(error)})")
        return
    listed: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        found = _LINE.fullmatch(line)
        if found is None or climbs(found[2]) or found[2] in listed:
            yield Finding(
                CHECK, CHECKSUMS, f"line {number} is no checksum of a file of this folder: {one_line(line)!r}"
            )
        else:
            listed[found[2]] = found[1]
    there = {
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    }
    if missing := sorted(set(listed) - there):
        yield Finding(CHECK, CHECKSUMS, f"files are missing: {join(missing)}")
    if unknown := sorted(there - set(listed) - {CHECKSUMS}):
        yield Finding(CHECK, CHECKSUMS, f"files without a checksum: {join(unknown)}")
    for name in sorted(set(listed) & there):
        path = folder / name
        if path.is_symlink() or not path.is_file():
            yield Finding(CHECK, name, "is not a plain file")
        elif sha256_of_file(path) != listed[name]:
            yield Finding(CHECK, name, "is not what its checksum says")


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 checksum of a file in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
