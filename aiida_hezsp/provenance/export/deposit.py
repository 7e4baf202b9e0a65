"""A folder ready for the Materials Cloud Archive: archive, table, models, figures, OPTIMADE, README, checksums.

All files lie at the top of the folder: a record of the Materials Cloud Archive has no folders.
"""

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aiida import orm

from aiida_hezsp.errors import ArchiveError
from aiida_hezsp.provenance.deposit_metadata import DepositMetadata, write_metadata
from aiida_hezsp.provenance.export.archive import ExportReport, write_checked
from aiida_hezsp.provenance.export.atomic import appearing, check_target
from aiida_hezsp.provenance.export.facts import size_of_files, software_versions
from aiida_hezsp.provenance.export.model_files import write_models
from aiida_hezsp.provenance.export.optimade import write_optimade
from aiida_hezsp.provenance.export.readme import Contents, readme
from aiida_hezsp.provenance.export.selection import Selection, select
from aiida_hezsp.provenance.export.writer import Progress
from aiida_hezsp.provenance.predictions import RankedPrediction
from aiida_hezsp.provenance.table import write_csv
from aiida_hezsp.provenance.verify.archive import ArchiveCheck
from aiida_hezsp.provenance.verify.checksums import write_checksums
from aiida_hezsp.provenance.verify.folder import FILES, verify_folder

__all__ = ("DepositReport", "Figures", "export_deposit")

Figures = Callable[[Path], Sequence[tuple[str, str]]]
_PACKED = {".aiida", ".png", ".safetensors", ".skops"}


@dataclass(frozen=True)
class DepositReport:
    """What was written: name and size of every file, and what the archive holds."""

    path: Path
    sizes: dict[str, int]
    archive: ExportReport
    left_out_bytes: int | None
    standin: bool


def export_deposit(
    ranked: Sequence[RankedPrediction],
    target: Path,
    metadata: DepositMetadata,
    *,
    process: orm.ProcessNode | None = None,
    figures: Figures | None = None,
    trajectories: bool = True,
    zipped: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> DepositReport:
    """Write the folder (or a zip file of it), verify it, and only then give it its name.

    Args:
        ranked: the predictions, in the order of their MSD.
        target: the folder, or the zip file.
        metadata: title, authors, licence, keywords.
        process: the work chain that made them, if its steps are to go along as well.
        figures: writes figures into a folder; returns their names and what they show.
        trajectories: whether trajectories go along that no calculation in the archive has used.
        zipped: whether to write one zip file.
        overwrite: whether to replace an older export.
        progress: called with what is being done, how far, and how much there is.

    Raises:
        ArchiveError: the target exists, or something may not leave (licensed POTCAR text); nothing is left behind.
    """
    check_target(target, overwrite=overwrite)
    selection = select([row.pk for row in ranked], process, trajectories=trajectories)
    with appearing(target, overwrite=overwrite) as draft:
        folder = draft.with_name(f"{target.stem}.folder") / target.stem if zipped else draft
        folder.mkdir(parents=True)
        archive, check = write_checked(selection, folder / FILES["archive"], progress)
        left_out = None if trajectories else size_of_files(selection.left_out)
        _write_files(folder, ranked, metadata, selection, archive, figures, left_out, process)
        _verify(folder, check)
        sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
        if zipped:
            _zip(folder, draft)
    archive = replace(archive, path=target)
    return DepositReport(target, sizes, archive, left_out, any(row.standin for row in ranked))


def _write_files(
    folder: Path,
    ranked: Sequence[RankedPrediction],
    metadata: DepositMetadata,
    selection: Selection,
    archive: ExportReport,
    figures: Figures | None,
    left_out: int | None,
    process: orm.ProcessNode | None,
) -> None:
    """Write everything beside the archive."""
    write_csv(ranked, folder / FILES["table"])
    write_metadata(metadata, folder / FILES["metadata"])
    write_optimade(folder, selection, {row.uuid: row for row in ranked}, _description(metadata, ranked))
    contents = Contents(
        metadata=metadata,
        report=archive,
        ranked=ranked,
        models=write_models(selection.nodes, folder),
        figures=figures(folder) if figures is not None else (),
        versions=software_versions(selection.nodes),
        superseded=len(selection.superseded),
        left_out_bytes=left_out,
        process=None if process is None else (process.uuid, process.label or process.process_label or ""),
    )
    (folder / FILES["readme"]).write_text(readme(contents), encoding="utf8")
    write_checksums(folder)


def _verify(folder: Path, check: ArchiveCheck) -> None:
    """Verify the folder as whoever receives it does; its archive has been."""
    report = verify_folder(folder, known=check)
    if report.findings:
        raise ArchiveError(
            f"{report.findings[0]}{f' (and {len(report.findings) - 1} more)' if report.findings[1:] else ''}"
        )


def _description(metadata: DepositMetadata, ranked: Sequence[RankedPrediction]) -> str:
    if any(row.standin for row in ranked):
        return f"{metadata.title} (stand-in labels: no VASP ran, no number says anything about a material)"
    return metadata.title


def _zip(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.iterdir()):
            method = zipfile.ZIP_STORED if path.suffix in _PACKED else zipfile.ZIP_DEFLATED
            archive.write(path, f"{folder.name}/{path.name}", compress_type=method)
