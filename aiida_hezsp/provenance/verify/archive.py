"""Verify an AiiDA archive without a profile, before anything of it is imported."""

import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiida_hezsp.provenance.verify.database import check_database, open_database
from aiida_hezsp.provenance.verify.findings import DAMAGED, Finding, VerifyReport, join, one_line
from aiida_hezsp.provenance.verify.limits import LIMITS, Limits
from aiida_hezsp.provenance.verify.metadata import check_metadata
from aiida_hezsp.provenance.verify.models import check_models
from aiida_hezsp.provenance.verify.nodes import Inventory, check_nodes, take_inventory
from aiida_hezsp.provenance.verify.objects import check_objects
from aiida_hezsp.provenance.verify.zip_structure import check_zip

__all__ = ("ArchiveCheck", "check_archive", "verify_archive")

META, DATABASE, REPO = "metadata.json", "db.sqlite3", "repo/"

Progress = Callable[[int, int], None]


@dataclass
class ArchiveCheck:
    """What was found in an archive, and what it holds."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    inventory: Inventory = field(default_factory=Inventory)

    def counts(self) -> dict[str, Any]:
        """Return what was counted, for a report."""
        known = self.inventory
        return {**known.counts, "files": len(known.owners), "node_types": dict(sorted(known.node_types.items()))}


def verify_archive(path: Path, *, limits: Limits = LIMITS, progress: Progress | None = None) -> VerifyReport:
    """Return everything that is wrong with an archive; whatever its bytes are, this ends with a report."""
    check = check_archive(path, limits=limits, progress=progress)
    return VerifyReport(str(path), "archive", tuple(check.findings), tuple(check.notes), check.counts())


def check_archive(path: Path, *, limits: Limits = LIMITS, progress: Progress | None = None) -> ArchiveCheck:
    """Check an archive from the outside in; what lies behind a broken layer is not touched."""
    where, check = path.name, ArchiveCheck()
    check.findings += check_zip(path, where, limits)
    if check.findings:
        return check
    try:
        with zipfile.ZipFile(path) as archive:
            check.findings += _members(archive, where)
            if not check.findings:
                check.findings += check_metadata(_read(archive, META, limits.metadata), where)
            if not check.findings:
                _check_inside(archive, where, check, limits, progress)
    except DAMAGED as problem:
        check.findings.append(Finding("zip", where, f"cannot be unpacked ({one_line(problem)})"))
    return check


def _members(archive: zipfile.ZipFile, where: str) -> list[Finding]:
    names = set(archive.namelist())
    findings = []
    if missing := {META, DATABASE} - names:
        findings.append(Finding("zip", where, f"not an AiiDA archive: {join(sorted(missing))} missing"))
    if foreign := sorted(name for name in names - {META, DATABASE} if not name.startswith(REPO)):
        findings.append(Finding("zip", where, f"members that do not belong to an archive: {join(foreign)}"))
    return findings


def _read(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    with archive.open(name) as handle:
        content = handle.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"{name} has more than {limit} bytes")
    return content


def _check_inside(
    archive: zipfile.ZipFile, where: str, check: ArchiveCheck, limits: Limits, progress: Progress | None
) -> None:
    """Check database, nodes, files and models."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / DATABASE
        with archive.open(DATABASE) as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        with open_database(path, limits) as connection:
            check.findings += check_database(connection, where)
            if check.findings:
                return
            check.findings += check_nodes(connection, where)
            check.inventory, findings = take_inventory(connection, where)
            check.findings += findings
    if foreign := check.inventory.foreign_types:
        check.notes.append(f"node types of other plugins, whose files were not judged: {join(sorted(foreign))}")
    found = list(check_objects(archive, check.inventory.owners, where, limits, progress))
    check.findings += found
    if not any(finding.check in {"repository", "zip"} for finding in found):
        check.findings += check_models(archive, check.inventory.models, where)
