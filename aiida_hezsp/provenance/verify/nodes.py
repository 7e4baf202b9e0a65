"""What the database of an archive says: nodes, their files, and what may not be among them."""

import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aiida_hezsp.provenance.verify.findings import DAMAGED, Finding, join, one_line
from aiida_hezsp.provenance.verify.potcar import sql_condition
from aiida_hezsp.provenance.verify.zip_structure import climbs

__all__ = ("Inventory", "NodeFiles", "check_nodes", "take_inventory")

PREDICT = "aiida.calculations:hezsp.predict"
_KEY = re.compile(r"[0-9a-f]{64}")
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
_TYPE = re.compile(r"(data|process|node)\.([A-Za-z0-9_.]+\.)?")
# Types whose value is built by importing and calling what the archive names.
_ACTING = re.compile(r"^data\.(core\.(jsonable|enum)\.|.*pickle)", re.IGNORECASE)
_KNOWN = re.compile(r"^(process\.|data\.(core|hezsp|vasp|pseudo)\.)")
_MAX_DEPTH = 64
_TEXT = (
    ("db_dbnode", "attributes", "attributes"),
    ("db_dbnode", "extras", "extras"),
    ("db_dbnode", "label", "label"),
    ("db_dbnode", "description", "description"),
    ("db_dbnode", "repository_metadata", "names of files"),
    ("db_dblog", "message", "a log message"),
    ("db_dblog", "metadata", "the data of a log message"),
    ("db_dbcomment", "content", "a comment"),
    ("db_dbgroup", "description", "the description of a group"),
    ("db_dbgroup", "extras", "the extras of a group"),
    ("db_dbcomputer", "metadata", "the data of a computer"),
)


@dataclass(frozen=True)
class NodeFiles:
    """The files of a node: path inside the node -> key of its content; and what loaders compare with."""

    uuid: str
    node_type: str
    files: dict[str, str]
    attributes: dict[str, Any]


@dataclass
class Inventory:
    """What an archive holds."""

    counts: dict[str, int] = field(default_factory=dict)
    node_types: dict[str, int] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    predictions: dict[str, dict[str, Any]] = field(default_factory=dict)
    owners: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    models: list[NodeFiles] = field(default_factory=list)
    foreign_types: list[str] = field(default_factory=list)


def check_nodes(connection: sqlite3.Connection, where: str) -> list[Finding]:
    """Return what is wrong with nodes, logs and comments: kinds that act, stored process states, POTCAR text."""
    try:
        return [*_types(connection, where), *_processes(connection, where), *_texts(connection, where)]
    except DAMAGED as problem:
        return [Finding("nodes", where, f"the nodes cannot be read ({one_line(problem)})")]


def take_inventory(connection: sqlite3.Connection, where: str) -> tuple[Inventory, list[Finding]]:
    """Return what the archive holds, and what is wrong with the names of its files."""
    inventory, findings = Inventory(), []
    try:
        _count(connection, inventory)
        findings += _files(connection, inventory, where)
        _read_predictions(connection, inventory)
    except DAMAGED as problem:
        findings.append(Finding("nodes", where, f"the nodes cannot be read ({one_line(problem)})"))
    return inventory, findings


def _types(connection: sqlite3.Connection, where: str) -> Iterator[Finding]:
    types = dict(connection.execute("SELECT node_type, count(*) FROM db_dbnode GROUP BY node_type").fetchall())
    if potcars := sum(count for name, count in types.items() if "potcar_file" in name.lower()):
        yield Finding("potcar", where, f"{potcars} PotcarFileData nodes: they hold the licensed text of POTCARs")
    if odd := [name for name in types if not _TYPE.fullmatch(name)]:
        yield Finding("nodes", where, f"node types that cannot be: {join(map(repr, odd))}")
    if acting := [name for name in types if _ACTING.match(name)]:
        yield Finding("nodes", where, f"node types that run what the archive names: {join(acting)}")
    uuids = connection.execute("SELECT uuid FROM db_dbnode")
    if bad := [uuid for (uuid,) in uuids if not _UUID.fullmatch(str(uuid))]:
        yield Finding("nodes", where, f"identifiers that are no UUIDs: {join(map(repr, bad))}")


def _processes(connection: sqlite3.Connection, where: str) -> Iterator[Finding]:
    query = "SELECT uuid FROM db_dbnode WHERE node_type LIKE 'process.%' AND "
    stored = connection.execute(query + "json_type(attributes, '$.checkpoints') IS NOT NULL").fetchall()
    if stored:
        names = join(uuid for (uuid,) in stored)
        yield Finding("nodes", where, f"processes with a stored state that Python would unpack: {names}")
    going = connection.execute(query + "coalesce(json_extract(attributes, '$.sealed'), 0) = 0").fetchall()
    if going:
        yield Finding("nodes", where, f"processes that had not ended: {join(uuid for (uuid,) in going)}")


def _texts(connection: sqlite3.Connection, where: str) -> Iterator[Finding]:
    for table, column, what in _TEXT:
        query = f"SELECT id FROM {table} WHERE {sql_condition(column)}"  # noqa: S608 - constants of this module
        rows = [row[0] for row in connection.execute(query)]
        if rows and table == "db_dbnode":
            marks = ", ".join("?" * min(len(rows), 3))
            query = f"SELECT uuid FROM db_dbnode WHERE id IN ({marks})"  # noqa: S608
            names = [f"node {uuid}" for (uuid,) in connection.execute(query, rows[:3])]
            yield Finding("potcar", where, f"the text of a POTCAR in the {what} of {join(names)}")
        elif rows:
            yield Finding("potcar", where, f"the text of a POTCAR in {what}")


def _count(connection: sqlite3.Connection, inventory: Inventory) -> None:
    for name, table in (("nodes", "db_dbnode"), ("links", "db_dblink"), ("groups", "db_dbgroup")):
        (inventory.counts[name],) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    for node_type, count in connection.execute("SELECT node_type, count(*) FROM db_dbnode GROUP BY node_type"):
        name = node_type.rstrip(".").rpartition(".")[2]
        inventory.node_types[name] = inventory.node_types.get(name, 0) + count
        if not _KNOWN.match(node_type):
            inventory.foreign_types.append(node_type)
    query = (
        "SELECT g.label, n.uuid FROM db_dbgroup g LEFT JOIN db_dbgroup_dbnodes m ON m.dbgroup_id = g.id "
        "LEFT JOIN db_dbnode n ON n.id = m.dbnode_id"
    )
    for label, uuid in connection.execute(query):
        inventory.groups.setdefault(label, []).extend([_dashed(uuid)] if uuid else [])


def _files(connection: sqlite3.Connection, inventory: Inventory, where: str) -> Iterator[Finding]:
    query = "SELECT uuid, node_type, repository_metadata, attributes FROM db_dbnode WHERE repository_metadata != '{}'"
    for uuid, node_type, metadata, attributes in connection.execute(query):
        files: dict[str, str] = {}
        for name, key in _walk(json.loads(metadata), 0):
            if climbs(name) or "//" in name:
                yield Finding("repository", where, f"node {uuid} has a file whose path climbs out of it: {name!r}")
            elif not _KEY.fullmatch(str(key)):
                yield Finding("repository", where, f"node {uuid} has a file without a checksum: {name!r}")
            else:
                files[name] = key
                inventory.owners.setdefault(key, []).append((name, _dashed(uuid)))
        if node_type.startswith("data.hezsp."):
            inventory.models.append(NodeFiles(_dashed(uuid), node_type, files, json.loads(attributes or "{}")))


def _walk(entry: Any, depth: int, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and key of every file in the repository metadata of a node."""
    if depth > _MAX_DEPTH or not isinstance(entry, dict):
        raise ValueError("the files of a node are not listed as AiiDA lists them")
    children = entry.get("o", {})
    if not isinstance(children, dict):
        raise ValueError("the files of a node are not listed as AiiDA lists them")  # noqa: TRY004 - data, not code
    for name, child in children.items():
        if not isinstance(child, dict) or "/" in name or name in {"", ".", ".."}:
            yield f"{prefix}{name}/../..", ""
            continue
        if "k" in child:
            yield prefix + name, child["k"]
        yield from _walk(child, depth + 1, f"{prefix}{name}/")


def _read_predictions(connection: sqlite3.Connection, inventory: Inventory) -> None:
    """Read what the predictions hold, and the structure each of them belongs to."""
    query = (
        "SELECT d.uuid, d.attributes, s.uuid FROM db_dbnode p "
        "JOIN db_dblink c ON c.input_id = p.id AND c.type = 'create' JOIN db_dbnode d ON d.id = c.output_id "
        "LEFT JOIN db_dblink i ON i.output_id = p.id AND i.label = 'structure' LEFT JOIN db_dbnode s "
        "ON s.id = i.input_id WHERE p.process_type = ? AND d.node_type = 'data.core.dict.Dict.'"
    )
    for uuid, attributes, structure in connection.execute(query, [PREDICT]):
        content = json.loads(attributes or "{}")
        inventory.predictions[_dashed(uuid)] = {**content, "structure": _dashed(structure or "")}
    inventory.counts["predictions"] = len(inventory.predictions)


def _dashed(uuid: str) -> str:
    """Return a UUID as people write it; SQLite keeps it with or without dashes."""
    plain = str(uuid).replace("-", "")
    parts = (plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:])
    return "-".join(parts) if plain else ""
