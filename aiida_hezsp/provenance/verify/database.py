"""The SQLite database of an archive, opened read-only and taken for hostile."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiida_hezsp.provenance.verify.findings import DAMAGED, Finding, join, one_line
from aiida_hezsp.provenance.verify.limits import LIMITS, Limits

__all__ = ("check_database", "open_database")

CHECK = "database"
_STEPS = 100_000  # instructions of SQLite between two looks at the clock
_PLAIN_COLUMN = 0

# Tables and columns of schema main_0001 (aiida.storage.sqlite_zip.models).
TABLES = {
    "db_dbauthinfo": {"id", "aiidauser_id", "dbcomputer_id", "metadata", "auth_params", "enabled"},
    "db_dbcomment": {"id", "uuid", "dbnode_id", "ctime", "mtime", "user_id", "content"},
    "db_dbcomputer": {
        "id", "uuid", "label", "hostname", "description", "scheduler_type", "transport_type", "metadata",
    },
    "db_dbgroup": {"id", "uuid", "label", "type_string", "time", "description", "extras", "user_id"},
    "db_dbgroup_dbnodes": {"id", "dbnode_id", "dbgroup_id"},
    "db_dblink": {"id", "input_id", "output_id", "label", "type"},
    "db_dblog": {"id", "uuid", "time", "loggername", "levelname", "dbnode_id", "message", "metadata"},
    "db_dbnode": {
        "id", "uuid", "node_type", "process_type", "label", "description", "ctime", "mtime", "attributes", "extras",
        "repository_metadata", "dbcomputer_id", "user_id",
    },
    "db_dbuser": {"id", "email", "first_name", "last_name", "institution"},
}  # fmt: skip
_OTHER_TABLES = {"db_dbsetting", "alembic_version"}
_JSON = (
    ("db_dbnode", "attributes"),
    ("db_dbnode", "extras"),
    ("db_dbnode", "repository_metadata"),
    ("db_dbgroup", "extras"),
    ("db_dblog", "metadata"),
    ("db_dbcomputer", "metadata"),
)


@contextmanager
def open_database(path: Path, limits: Limits = LIMITS) -> Iterator[sqlite3.Connection]:
    """Open a database so that nothing in it can act: read-only, its schema not trusted, with a time limit."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        deadline = time.monotonic() + limits.database_seconds
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
        for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON", "mmap_size = 0"):
            connection.execute(f"PRAGMA {pragma}")
        connection.text_factory = lambda content: content.decode("utf8", "replace")
        yield connection
    finally:
        connection.close()


def check_database(connection: sqlite3.Connection, where: str) -> list[Finding]:
    """Return what is wrong with the structure of the database; nothing else may be asked of it unless all is well."""
    try:
        findings = list(_schema(connection, where))
        return findings or list(_content(connection, where))
    except DAMAGED as problem:
        return [Finding(CHECK, where, f"the database cannot be read ({one_line(problem)})")]


def _schema(connection: sqlite3.Connection, where: str) -> Iterator[Finding]:
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    if acting := [f"{kind} {name}" for kind, name, _, _ in rows if kind not in {"table", "index"}]:
        yield Finding(CHECK, where, f"the database holds what AiiDA never writes: {join(acting)}")
    if virtual := [name for _, name, _, sql in rows if "VIRTUAL" in (sql or "").upper().split()]:
        yield Finding(CHECK, where, f"the database holds virtual tables: {join(virtual)}")
    tables = {name for kind, name, _, _ in rows if kind == "table" and not name.startswith("sqlite_")}
    if missing := sorted(set(TABLES) - tables):
        yield Finding(CHECK, where, f"tables are missing: {join(missing)}")
    if foreign := sorted(tables - set(TABLES) - _OTHER_TABLES):
        yield Finding(CHECK, where, f"tables that do not belong to an archive: {join(foreign)}")
    for table in sorted(set(TABLES) & tables):
        columns = {row[1]: row[6] for row in connection.execute(f"PRAGMA table_xinfo({table})")}
        if set(columns) != TABLES[table] or any(hidden != _PLAIN_COLUMN for hidden in columns.values()):
            yield Finding(CHECK, where, f"the columns of {table} are not those of the schema")


def _content(connection: sqlite3.Connection, where: str) -> Iterator[Finding]:
    problems = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
    if problems != ["ok"]:
        yield Finding(CHECK, where, f"the database is damaged: {join(problems)}")
        return
    if dangling := {row[0] for row in connection.execute("PRAGMA foreign_key_check")}:
        yield Finding(CHECK, where, f"rows that refer to rows that are not there, in {join(sorted(dangling))}")
    for table, column in _JSON:
        (bad,) = connection.execute(
            f"SELECT count(*) FROM {table} WHERE {column} IS NOT NULL AND NOT json_valid({column})"  # noqa: S608
        ).fetchone()
        if bad:
            yield Finding(CHECK, where, f"{bad} values of {table}.{column} are not JSON")
