"""Verify an exported folder: its files, and that they say the same as the archive in it."""

import csv
import json
import math
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from aiida_hezsp.errors import HezspError
from aiida_hezsp.provenance.verify.archive import ArchiveCheck, Progress, check_archive
from aiida_hezsp.provenance.verify.checksums import check_checksums, sha256_of_file
from aiida_hezsp.provenance.verify.findings import DAMAGED, Finding, VerifyReport, join, one_line
from aiida_hezsp.provenance.verify.limits import LIMITS, Limits
from aiida_hezsp.provenance.verify.models import check_model_file
from aiida_hezsp.provenance.verify.objects import check_file
from aiida_hezsp.provenance.verify.zip_structure import check_zip

__all__ = ("COUNTED", "FILES", "verify_folder", "verify_zipped_folder")

CHECK = "folder"
FILES = {
    "archive": "predictions.aiida",
    "metadata": "metadata.yaml",
    "optimade": "optimade.yaml",
    "properties": "optimade-properties.json",
    "readme": "README.md",
    "table": "predictions.csv",
}
"""Names of the files of an exported folder."""

COUNTED = ("predictions", "nodes", "links", "files")
"""What the table of counts in README.md holds, and what is counted in the archive."""

_COUNT = re.compile(r"^\| (\w+) \| (\d+) \|$", re.MULTILINE)
_MODELS = (".safetensors", ".skops", ".sisso")


def verify_folder(
    path: Path, *, limits: Limits = LIMITS, progress: Progress | None = None, known: ArchiveCheck | None = None
) -> VerifyReport:
    """Return everything that is wrong with an exported folder and the archive in it.

    Args:
        path: of the folder.
        limits: of sizes.
        progress: called with the number of files of the archive read and in all.
        known: what was found in the archive, if it was checked just now.
    """
    findings = [
        Finding(CHECK, path.name, f"{name} is missing") for name in FILES.values() if not (path / name).is_file()
    ]
    if findings:
        return VerifyReport(str(path), "folder", tuple(findings))
    findings += check_checksums(path)
    check = known or check_archive(path / FILES["archive"], limits=limits, progress=progress)
    findings += check.findings
    findings += _plain_files(path, limits)
    if not check.findings:
        findings += _against_archive(path, check)
    return VerifyReport(str(path), "folder", tuple(findings), tuple(check.notes), check.counts())


def verify_zipped_folder(path: Path, *, limits: Limits = LIMITS, progress: Progress | None = None) -> VerifyReport:
    """Return everything that is wrong with a zip file of an exported folder."""
    if findings := check_zip(path, path.name, limits):
        return VerifyReport(str(path), "zip", tuple(findings))
    with tempfile.TemporaryDirectory() as name:
        try:
            with zipfile.ZipFile(path) as archive:
                archive.extractall(name)
        except DAMAGED as problem:
            return VerifyReport(
                str(path), "zip", (Finding("zip", path.name, f"cannot be unpacked ({one_line(problem)})"),)
            )
        inner = [entry for entry in Path(name).iterdir() if entry.is_dir()]
        report = verify_folder(inner[0] if len(inner) == 1 else Path(name), limits=limits, progress=progress)
    return VerifyReport(str(path), "zip", report.findings, report.notes, report.counts)


def _plain_files(folder: Path, limits: Limits) -> Iterator[Finding]:
    """Look into every file beside the archive: POTCAR text, pickles, model files that no loader takes."""
    for path in sorted(folder.iterdir()):
        if path.name == FILES["archive"] or path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as handle:
            yield from check_file(handle, path.stat().st_size, path.name, limits)
        if path.suffix in _MODELS:
            try:
                check_model_file(path)
            except HezspError as error:
                yield Finding("model", path.name, one_line(str(error).replace(f"{folder}/", "")))
            except DAMAGED as error:
                yield Finding("model", path.name, f"cannot be read ({one_line(error)})")


def _against_archive(folder: Path, check: ArchiveCheck) -> Iterator[Finding]:
    """Compare what the files say with what the archive holds."""
    checks: dict[str, Callable[[Path, ArchiveCheck], Iterator[Finding]]] = {
        FILES["readme"]: _readme,
        FILES["table"]: _table,
        FILES["optimade"]: _optimade,
        FILES["properties"]: _properties,
        FILES["metadata"]: _metadata,
    }
    for name, compare in checks.items():
        try:
            yield from compare(folder / name, check)
        except HezspError as error:
            yield Finding(CHECK, name, one_line(str(error).replace(f"{folder}/", "")))
        except (*DAMAGED, yaml.YAMLError, csv.Error) as error:
            yield Finding(CHECK, name, f"cannot be read ({one_line(error)})")
    known = set(check.inventory.owners)
    for path in sorted(folder.iterdir()):
        if path.suffix in _MODELS and sha256_of_file(path) not in known:
            yield Finding(CHECK, path.name, "is the file of no model in the archive")


def _readme(path: Path, check: ArchiveCheck) -> Iterator[Finding]:
    said = {name: int(count) for name, count in _COUNT.findall(path.read_text(encoding="utf8"))}
    counts = check.counts()
    for name in COUNTED:
        if said.get(name) != counts[name]:
            yield Finding(CHECK, path.name, f"says {said.get(name)} {name}, the archive holds {counts[name]}")


def _table(path: Path, check: ArchiveCheck) -> Iterator[Finding]:
    known = check.inventory.predictions
    with path.open(newline="", encoding="utf8") as handle:
        rows = {row["uuid"]: row for row in csv.DictReader(handle)}
    if foreign := sorted(set(rows) - set(known)):
        yield Finding(CHECK, path.name, f"rows of no prediction in the archive: {join(foreign)}")
    wrong = [uuid for uuid, row in rows.items() if uuid in known and not _same(row["msd_A2"], known[uuid].get("msd"))]
    if wrong:
        yield Finding(CHECK, path.name, f"another MSD than the archive has: {join(sorted(wrong))}")


def _same(said: str, stored: Any) -> bool:
    """Return whether a number of the table is that of the archive; SQLite hands out fifteen digits of it."""
    return isinstance(stored, int | float) and math.isclose(float(said), stored, rel_tol=1e-12)


def _optimade(path: Path, check: ArchiveCheck) -> Iterator[Finding]:
    (entry,) = yaml.safe_load(path.read_text(encoding="utf8"))["entries"]
    place = entry["entry_paths"]
    if place["aiida_file"] != FILES["archive"]:
        yield Finding(CHECK, path.name, f"reads {one_line(str(place['aiida_file']))!r}, not {FILES['archive']}")
    if place["aiida_group"] not in check.inventory.groups:
        yield Finding(
            CHECK, path.name, f"names a group that the archive does not have: {one_line(str(place['aiida_group']))!r}"
        )


def _properties(path: Path, check: ArchiveCheck) -> Iterator[Finding]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf8"))
    known = {row["structure"] for row in check.inventory.predictions.values()}
    if foreign := sorted(set(content) - known):
        yield Finding(CHECK, path.name, f"structures of no prediction in the archive: {join(foreign)}")


def _metadata(path: Path, check: ArchiveCheck) -> Iterator[Finding]:
    del check
    from aiida_hezsp.provenance.deposit_metadata import read_metadata

    read_metadata(path)
    yield from ()
