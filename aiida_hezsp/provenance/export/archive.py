"""One archive file, checked by reading it back before it gets its name."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from aiida import orm
from aiida.common.exceptions import AiidaException

from aiida_hezsp.errors import ArchiveError
from aiida_hezsp.provenance.export.selection import Selection, select
from aiida_hezsp.provenance.export.writer import Progress, write_archive
from aiida_hezsp.provenance.verify.archive import ArchiveCheck, check_archive

__all__ = ("ExportReport", "export_archive", "inspect_archive", "write_checked")


@dataclass(frozen=True)
class ExportReport:
    """What an archive holds, as found by reading it back.

    `n_predictions` were asked for; `n_archived` are in it, copies made by AiiDA's cache and older ones included.
    """

    path: Path
    size: int
    n_nodes: int
    n_links: int
    n_files: int
    node_types: dict[str, int]
    groups: tuple[str, ...]
    n_archived: int
    n_predictions: int = 0
    n_left_out: int = 0

    @property
    def size_mb(self) -> float:
        """Size of the file in MB."""
        return self.size / 1e6


def export_archive(
    predictions: Sequence[orm.Dict] | Sequence[int],
    path: Path,
    *,
    process: orm.ProcessNode | None = None,
    overwrite: bool = False,
    trajectories: bool = True,
    progress: Progress | None = None,
) -> ExportReport:
    """Write an archive of predictions with all their ancestors, their logs and comments.

    Two groups are in it: the predictions, and the relaxed structures they belong to; the profile is not changed. The
    archive is written beside its place, read back by what `aiida-hezsp verify` does, and takes its name only if
    nothing is found, licensed POTCAR text above all.

    Args:
        predictions: nodes or pks.
        path: of the archive; must not exist unless `overwrite`.
        process: the work chain that made the predictions, if its steps are to go along as well.
        overwrite: whether to replace a file.
        trajectories: whether trajectories go along that no calculation in the archive has used.
        progress: called with what is being done, how far, and how much there is.

    Raises:
        ArchiveError: the file exists, cannot be written, or would hold licensed POTCAR text.
        PredictionError: a node is not a prediction.
    """
    _check_path(path, overwrite=overwrite)
    selection = select(predictions, process, trajectories=trajectories)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        draft = Path(folder) / path.name
        report, _ = write_checked(selection, draft, progress)
        draft.replace(path)
    return replace(report, path=path, n_predictions=len(selection.predictions))


def write_checked(
    selection: Selection, path: Path, progress: Progress | None = None
) -> tuple[ExportReport, ArchiveCheck]:
    """Write an archive, read it back, and return what it holds.

    Raises:
        ArchiveError: it cannot be written, or something is found in it.
    """
    try:
        write_archive(selection, path, progress)
    except (AiidaException, OSError) as error:
        raise ArchiveError(f"{path.name} cannot be written: {error}") from error
    report, check = _inspect(path, progress)
    n_predictions, n_left_out = len(selection.predictions), len(selection.left_out)
    return replace(report, n_predictions=n_predictions, n_left_out=n_left_out), check


def inspect_archive(path: Path, progress: Progress | None = None) -> ExportReport:
    """Count what is in an archive and make sure that nothing is which may not leave, or would be refused elsewhere.

    Raises:
        ArchiveError: the file is no archive, or holds what it may not: PotcarFileData, the text of a POTCAR, a pickle.
    """
    return _inspect(path, progress)[0]


def _inspect(path: Path, progress: Progress | None) -> tuple[ExportReport, ArchiveCheck]:
    told = None if progress is None else lambda done, total: progress("checked files", done, total)
    check = check_archive(path, progress=told)
    if check.findings:
        more = f" (and {len(check.findings) - 1} more)" if len(check.findings) > 1 else ""
        first = next((finding for finding in check.findings if finding.check == "potcar"), check.findings[0])
        raise ArchiveError(f"{first}{more}")
    counts = check.inventory.counts
    report = ExportReport(
        path=path,
        size=path.stat().st_size,
        n_nodes=counts["nodes"],
        n_links=counts["links"],
        n_files=len(check.inventory.owners),
        node_types=dict(sorted(check.inventory.node_types.items())),
        groups=tuple(sorted(check.inventory.groups)),
        n_archived=counts["predictions"],
    )
    return report, check


def _check_path(path: Path, *, overwrite: bool) -> None:
    if path.is_dir():
        raise ArchiveError(f"{path} is a directory: give the name of a file, such as predictions.aiida")
    if path.exists() and not overwrite:
        raise ArchiveError(f"{path} exists already: choose another name, or add --force")
    if not path.parent.is_dir():
        raise ArchiveError(f"{path.parent} is not a directory")
