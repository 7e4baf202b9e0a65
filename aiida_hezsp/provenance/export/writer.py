"""Write a selection as an AiiDA archive: rows and files streamed, the profile left as it is.

AiiDA's own `create_archive` always adds every output of a calculation and needs stored groups; this writes the same
format through AiiDA's writer, with exactly the nodes that were selected.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiida import orm
from aiida.manage import get_manager
from aiida.orm.entities import EntityTypes
from aiida.tools.archive.implementations.sqlite_zip.main import ArchiveFormatSqlZip

from aiida_hezsp.errors import ArchiveError
from aiida_hezsp.provenance.chunks import CHUNK, chunks
from aiida_hezsp.provenance.export.selection import Selection

__all__ = ("Progress", "write_archive")

_BATCH = 1000
_CHECKPOINT = "checkpoints"

Progress = Callable[[str, int, int], None]
Rows = Iterator[dict[str, Any]]


def write_archive(selection: Selection, path: Path, progress: Progress | None = None) -> None:
    """Write an archive.

    Args:
        selection: its nodes, links and groups.
        path: of the file; must not exist.
        progress: called with what is being written, how much of it, and how much there is.

    Raises:
        ArchiveError: a process among the nodes has not ended.
    """
    tell = progress or (lambda *_: None)
    _check_ended(selection.nodes)
    form = ArchiveFormatSqlZip()
    with form.open(path, mode="x", compression=6) as writer:
        writer.update_metadata(_metadata(selection))
        users, computers = _belonging(selection.nodes)
        total = len(selection.nodes) + len(selection.links)
        done = 0
        for kind, rows in _tables(selection, users, computers):
            for batch in _batches(rows):
                writer.bulk_insert(kind, batch, allow_defaults=kind in {EntityTypes.LINK, EntityTypes.GROUP_NODE})
                done += len(batch) if kind in {EntityTypes.NODE, EntityTypes.LINK} else 0
                tell("database", done, total)
        _write_files(selection.nodes, writer, tell)


def _tables(selection: Selection, users: set[int], computers: set[int]) -> Iterator[tuple[EntityTypes, Rows]]:
    """Yield the tables in the order in which they refer to each other."""
    nodes = selection.nodes
    yield EntityTypes.USER, _rows(orm.User, users)
    yield EntityTypes.COMPUTER, _rows(orm.Computer, computers)
    yield EntityTypes.GROUP, _group_rows(selection, min(users))
    yield EntityTypes.NODE, (_without_checkpoint(row) for row in _rows(orm.Node, nodes))
    yield EntityTypes.COMMENT, _rows(orm.Comment, _attached(orm.Comment, nodes))
    yield EntityTypes.LOG, _rows(orm.Log, _attached(orm.Log, nodes))
    yield EntityTypes.GROUP_NODE, _member_rows(selection)
    yield EntityTypes.LINK, _link_rows(selection)


def _metadata(selection: Selection) -> dict[str, Any]:
    """Return what metadata.json says about how the archive was made."""
    rules = {"input_calc_backward": True, "create_backward": True, "create_forward": True}
    left_out = f"{len(selection.left_out)} trajectories left out" if selection.left_out else ""
    return {
        "ctime": datetime.now(UTC).replace(tzinfo=None).isoformat(),
        "creation_parameters": {
            "entities_starting_set": {"node": list(selection.starting_uuids)},
            "include_authinfos": False,
            "include_comments": True,
            "include_logs": True,
            "graph_traversal_rules": rules,
            "aiida_hezsp": left_out,
        },
    }


def _check_ended(nodes: Iterable[int]) -> None:
    for chunk in chunks(nodes):
        filters: dict[str, Any] = {"id": {"in": chunk}, "attributes.sealed": {"!in": [True]}}
        going = orm.QueryBuilder().append(orm.ProcessNode, filters=filters, project="id").all(flat=True)
        if going:
            raise ArchiveError(f"process {going[0]} has not ended: only finished work can be exported")


def _belonging(nodes: Iterable[int]) -> tuple[set[int], set[int]]:
    """Return users and computers of nodes and of their comments."""
    users: set[int] = set()
    computers: set[int] = set()
    for chunk in chunks(nodes):
        query = orm.QueryBuilder().append(orm.Node, filters={"id": {"in": chunk}}, tag="node")
        users |= set(query.append(orm.User, with_node="node", project="id").distinct().all(flat=True))
        query = orm.QueryBuilder().append(orm.Node, filters={"id": {"in": chunk}}, tag="node")
        computers |= set(query.append(orm.Computer, with_node="node", project="id").distinct().all(flat=True))
    for chunk in chunks(_attached(orm.Comment, nodes)):
        query = orm.QueryBuilder().append(orm.Comment, filters={"id": {"in": chunk}}, tag="comment")
        users |= set(query.append(orm.User, with_comment="comment", project="id").distinct().all(flat=True))
    return users, computers


def _attached(kind: type, nodes: Iterable[int]) -> set[int]:
    """Return the comments or logs of nodes."""
    found: set[int] = set()
    for chunk in chunks(nodes):
        query = orm.QueryBuilder().append(orm.Node, filters={"id": {"in": chunk}}, tag="node")
        found |= set(query.append(kind, with_node="node", project="id").all(flat=True))
    return found


def _rows(kind: type, pks: Iterable[int]) -> Rows:
    """Yield the rows of entities as the database has them."""
    for chunk in chunks(pks):
        query = orm.QueryBuilder().append(kind, filters={"id": {"in": chunk}}, tag="entity", project=["**"])
        yield from (row["entity"] for row in query.iterdict(batch_size=CHUNK))


def _without_checkpoint(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out the stored state of a process, which Python would unpack."""
    if row["node_type"].startswith("process."):
        row["attributes"].pop(_CHECKPOINT, None)
    return row


def _group_rows(selection: Selection, user: int) -> Rows:
    time = datetime.now(UTC)
    for number, group in enumerate(selection.groups, start=1):
        yield {
            "id": number,
            "uuid": group.uuid,
            "label": group.label,
            "type_string": "core",
            "time": time,
            "description": group.description,
            "extras": {},
            "user_id": user,
        }


def _member_rows(selection: Selection) -> Rows:
    for number, group in enumerate(selection.groups, start=1):
        yield from ({"dbgroup_id": number, "dbnode_id": pk} for pk in group.pks)


def _link_rows(selection: Selection) -> Rows:
    for link in selection.links:
        row = {"input_id": link.source_id, "output_id": link.target_id}
        yield {**row, "label": link.link_label, "type": link.link_type}


def _write_files(nodes: Iterable[int], writer: Any, tell: Progress) -> None:
    """Stream the files of nodes; equal files are written once."""
    keys: set[str] = set()
    collection = orm.Node.get_collection(get_manager().get_profile_storage())
    for chunk in chunks(nodes):
        keys |= set(collection.iter_repo_keys(filters={"id": {"in": chunk}}))
    repository = get_manager().get_profile_storage().get_repository()
    if repository.key_format != ArchiveFormatSqlZip().key_format:
        raise ArchiveError(f"files of this profile are named by {repository.key_format}, an archive needs sha256")
    for number, (key, stream) in enumerate(repository.iter_object_streams(sorted(keys)), start=1):
        writer.put_object(stream, key=key)
        tell("files", number, len(keys))


def _batches(rows: Rows) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
