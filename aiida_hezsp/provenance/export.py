"""Archives of predictions with their whole history, checked before they get their name."""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiida import orm
from aiida.common.exceptions import AiidaException
from aiida.tools.archive import create_archive
from aiida.tools.archive.abstract import ArchiveReaderAbstract
from aiida.tools.archive.implementations.sqlite_zip.main import ArchiveFormatSqlZip

from aiida_hezsp.errors import ArchiveError
from aiida_hezsp.provenance.predictions import require_prediction

__all__ = ("ExportReport", "export_archive", "inspect_archive")

POTCAR_FILE_TYPE = "data.vasp.potcar_file.PotcarFileData."
# What a POTCAR holds and nothing made from it does; OUTCAR repeats its header, but not the end mark of a dataset.
_POTCAR_MARKS = (b"VRHFIN", b"End of Dataset")
_READ = 1 << 20
_OVERLAP = 64


@dataclass(frozen=True)
class ExportReport:
    """What an archive holds, as found by reading it back."""

    path: Path
    size: int
    n_nodes: int
    n_files: int
    node_types: dict[str, int]
    groups: tuple[str, ...]
    n_predictions: int

    @property
    def size_mb(self) -> float:
        """Size of the file in MB."""
        return self.size / 1e6


def export_archive(
    predictions: Sequence[orm.Dict],
    path: Path,
    *,
    process: orm.ProcessNode | None = None,
    overwrite: bool = False,
) -> ExportReport:
    """Write an archive of predictions with all their ancestors, their logs and comments.

    Two groups go with it: the predictions, and the relaxed structures they belong to. The archive is written beside
    its place, read back, and takes its name only if no licensed POTCAR text is inside.

    Args:
        predictions: what to export.
        path: of the archive; must not exist unless `overwrite`.
        process: the work chain that made the predictions, if its steps are to go along as well.
        overwrite: whether to replace a file.

    Raises:
        ArchiveError: the file exists, cannot be written, or would hold licensed POTCAR text.
        PredictionError: a node is not a prediction.
    """
    if not predictions:
        raise ArchiveError("there is nothing to export: name at least one prediction")
    for node in predictions:
        require_prediction(node)
    _check_path(path, overwrite=overwrite)
    structures = [node.creator.inputs.structure for node in predictions]
    groups = [_group("predictions", predictions), _group("structures", structures)]
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        draft = Path(folder) / path.name
        entities = [*groups, process] if process is not None else groups
        try:
            create_archive(entities, filename=draft, create_backward=True, include_logs=True, include_comments=True)
        except AiidaException as error:
            raise ArchiveError(f"{path} cannot be written: {error}") from error
        report = inspect_archive(draft)
        draft.replace(path)
    return ExportReport(**{**vars(report), "path": path, "n_predictions": len(predictions)})


def inspect_archive(path: Path) -> ExportReport:
    """Count what is in an archive and make sure that no licensed POTCAR text is.

    Raises:
        ArchiveError: the file is no archive, or it holds a PotcarFileData node or the text of a POTCAR.
    """
    try:
        with ArchiveFormatSqlZip().open(path, "r") as reader:
            return _inspect(path, reader)
    except (AiidaException, OSError, ValueError) as error:
        raise ArchiveError(f"{path} is not a readable AiiDA archive: {error}") from error


def _inspect(path: Path, reader: ArchiveReaderAbstract) -> ExportReport:
    types = reader.querybuilder().append(orm.Node, project="node_type").all(flat=True)
    counts = Counter(node_type.rstrip(".").rpartition(".")[2] for node_type in types)
    if n_forbidden := types.count(POTCAR_FILE_TYPE):
        raise ArchiveError(f"{n_forbidden} PotcarFileData nodes, licensed POTCAR text, would be in {path.name}")
    backend = reader.get_backend()
    repository = backend.get_repository()
    keys = list(repository.list_objects())
    found = []
    for key in keys:
        with repository.open(key) as handle:
            if _is_potcar(handle):
                found.append(key)
    if found:
        names = ", ".join(sorted(_owners(reader, set(found)))) or "a file of no node"
        raise ArchiveError(f"the text of a POTCAR would be in {path.name}: {names}")
    groups = reader.querybuilder().append(orm.Group, project="label").all(flat=True)
    return ExportReport(
        path=path,
        size=path.stat().st_size,
        n_nodes=len(types),
        n_files=len(keys),
        node_types=dict(sorted(counts.items())),
        groups=tuple(sorted(groups)),
        n_predictions=0,
    )


def _check_path(path: Path, *, overwrite: bool) -> None:
    if path.is_dir():
        raise ArchiveError(f"{path} is a directory: give the name of a file, such as predictions.aiida")
    if path.exists() and not overwrite:
        raise ArchiveError(f"{path} exists already: choose another name, or overwrite it")
    if not path.parent.is_dir():
        raise ArchiveError(f"{path.parent} is not a directory")


def _group(kind: str, nodes: Iterable[orm.Node]) -> orm.Group:
    """Return the group of exactly these nodes; the same nodes give the same group."""
    unique = {node.uuid: node for node in nodes}
    digest = hashlib.sha256("".join(sorted(unique)).encode()).hexdigest()[:8]
    group, _ = orm.Group.collection.get_or_create(label=f"hezsp/{kind}/{digest}")
    group.description = f"{len(unique)} {kind} exported by aiida-hezsp"
    group.add_nodes(list(unique.values()))
    return group


def _is_potcar(handle: object) -> bool:
    """Return whether a file is, or holds, a POTCAR."""
    missing, tail = set(_POTCAR_MARKS), b""
    while block := handle.read(_READ):  # type: ignore[attr-defined]
        text = tail + block
        missing = {mark for mark in missing if mark not in text}
        if not missing:
            return True
        tail = text[-_OVERLAP:]
    return False


def _owners(reader: ArchiveReaderAbstract, keys: set[str]) -> Iterable[str]:
    """Yield which file of which node has one of the given contents."""
    query = reader.querybuilder().append(orm.Node, project=["uuid", "repository_metadata"])
    for uuid, metadata in query.iterall():
        for name, key in _files(metadata or {}):
            if key in keys:
                yield f"{name} of node {uuid}"


def _files(metadata: dict, prefix: str = "") -> Iterable[tuple[str, str]]:
    """Yield path and content key of every file in a node's repository."""
    for name, entry in metadata.get("o", {}).items():
        if "k" in entry:
            yield prefix + name, entry["k"]
        yield from _files(entry, f"{prefix}{name}/")
