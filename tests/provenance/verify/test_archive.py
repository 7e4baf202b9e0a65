"""What an attacker, or a bad disk, may do to an archive: each refused with one clear line."""

import json
import stat
import zipfile

import pytest
from archives import DATABASE, METADATA

from aiida_hezsp.errors import ArchiveError
from aiida_hezsp.provenance.verify import verify
from aiida_hezsp.provenance.verify.limits import Limits

POTCAR = f" PAW_PBE Li 17Jan2003\n   VRHFIN =Li: s1p0\n{'0.1 ' * 50}\n End of Dataset\n"


def refused(path, **options):
    """Return the lines of findings of a verification, which must have some; each is one line."""
    from aiida_hezsp.provenance.verify.archive import verify_archive

    report = verify_archive(path, **options)
    assert not report.ok
    lines = [str(finding) for finding in report.findings]
    assert all("\n" not in line and len(line) < 700 for line in lines)
    return lines


def test_a_sound_archive_is_found_sound(sound):
    report = verify(sound)
    assert report.findings == ()
    assert report.counts["nodes"] == 5
    assert report.counts["node_types"]["ChgnetModelData"] == 1


def test_what_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ArchiveError, match="neither a file nor a folder"):
        verify(tmp_path / "none.aiida")


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "repo/../../evil", "C:\\evil", "repo\\..\\evil", "a\nb"])
def test_paths_that_climb(forgery, tmp_path, name):
    forgery.members[name] = b"x"
    (line,) = refused(forgery.write(tmp_path / "a.aiida"))
    assert "climbs out of its folder" in line


def test_a_file_of_a_node_that_climbs(forgery, tmp_path):
    key = next(name for name in forgery.members if name.startswith("repo/")).removeprefix("repo/")
    metadata = json.dumps({"o": {"..": {"o": {"evil": {"k": key}}}}})
    update = "UPDATE db_dbnode SET repository_metadata = ? WHERE node_type LIKE '%ArrayData.'"
    forgery.sql(tmp_path, (update, (metadata,)))
    assert any("climbs out of it" in line for line in refused(forgery.write(tmp_path / "a.aiida")))


def test_members_twice(sound, tmp_path):
    path = tmp_path / "a.aiida"
    path.write_bytes(sound.read_bytes())
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr(METADATA, "{}")
    assert refused(path) == [f"a.aiida: members that occur twice: {METADATA}"]


def test_symbolic_links(sound, tmp_path):
    path = tmp_path / "a.aiida"
    path.write_bytes(sound.read_bytes())
    link = zipfile.ZipInfo("repo/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert any("symbolic links" in line for line in refused(path))


def test_bombs_by_ratio_size_and_number(forgery, tmp_path):
    forgery.members["repo/" + "0" * 64] = bytes(64 << 20)
    path = forgery.write(tmp_path / "a.aiida")
    (line,) = refused(path)
    assert "a zip bomb" in line
    assert "67108864 bytes" in line
    assert any("more than 0.0 GiB" in line for line in refused(path, limits=Limits(member=1 << 20)))
    assert any("more than the limit" in line for line in refused(path, limits=Limits(members=3)))


def test_overlapping_members(sound, tmp_path):
    """Two entries of the directory that point to the same bytes: how bombs grow beyond the ratio of deflate."""
    path = tmp_path / "a.aiida"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("repo/a", bytes(1000))
        twin = zipfile.ZipInfo("repo/b")
        first = archive.getinfo("repo/a")
        for name in ("header_offset", "CRC", "compress_size", "file_size", "compress_type"):
            setattr(twin, name, getattr(first, name))
        archive.filelist.append(twin)
        archive.NameToInfo["repo/b"] = twin
    assert any("share their bytes" in line for line in refused(path))


def test_something_before_the_zip_file(sound, tmp_path):
    path = tmp_path / "a.aiida"
    path.write_bytes(b"#!/bin/sh\nexit 0\n" + sound.read_bytes())
    assert refused(path) == ["a.aiida: 17 bytes of something else come before the zip file"]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_cut_off(sound, tmp_path, share):
    content = sound.read_bytes()
    (tmp_path / "a.aiida").write_bytes(content[: int(share * len(content))])
    (line,) = refused(tmp_path / "a.aiida")
    assert "not a zip file, or cut off" in line


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not that of an archive: JSON"),
        ("[1]", "is not that of an archive"),
        ("{}", "export_version: Field required"),
        ('{"export_version": 7, "aiida_version": "2", "key_format": "sha256"}', "export_version: Input should be"),
        ('{"export_version": "main_0001", "aiida_version": "2", "key_format": "md5"}', "key_format"),
        ('{"export_version": "main_9999", "aiida_version": "9", "key_format": "sha256"}', "'main_9999' is unknown"),
        ('{"export_version": "0.12", "aiida_version": "1", "key_format": "sha256"}', "verdi archive migrate"),
        ("[" * 100_000, "is not that of an archive"),
    ],
)
def test_wrong_schema_of_the_metadata(forgery, tmp_path, content, message):
    forgery.members[METADATA] = content.encode()
    (line,) = refused(forgery.write(tmp_path / "a.aiida"))
    assert message in line


@pytest.mark.parametrize("name", [METADATA, DATABASE])
def test_members_that_are_missing(forgery, tmp_path, name):
    del forgery.members[name]
    assert refused(forgery.write(tmp_path / "a.aiida")) == [f"a.aiida: not an AiiDA archive: {name} missing"]


def test_members_that_do_not_belong_there(forgery, tmp_path):
    forgery.members["setup.py"] = b"import os"
    assert refused(forgery.write(tmp_path / "a.aiida")) == [
        "a.aiida: members that do not belong to an archive: setup.py"
    ]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE TRIGGER t AFTER INSERT ON db_dbnode BEGIN DELETE FROM db_dbuser; END", "never writes: trigger t"),
        ("CREATE VIEW v AS SELECT 1", "never writes: view v"),
        ("CREATE VIRTUAL TABLE v USING fts5(x)", "virtual tables"),
        ("CREATE TABLE other (id INTEGER)", "do not belong to an archive: other"),
        ("DROP TABLE db_dblog", "tables are missing: db_dblog"),
        ("ALTER TABLE db_dblog ADD COLUMN g AS (1 + 1)", "columns of db_dblog"),
        ("UPDATE db_dbnode SET attributes = '{' WHERE id = (SELECT min(id) FROM db_dbnode)", "are not JSON"),
        ("UPDATE db_dbnode SET user_id = 4711", "refer to rows that are not there"),
        ("UPDATE db_dbnode SET node_type = 'data.vasp.potcar_file.PotcarFileData.'", "5 PotcarFileData nodes"),
        ("UPDATE db_dbnode SET node_type = 'data.core.jsonable.JsonableData.'", "run what the archive names"),
        ("UPDATE db_dbnode SET node_type = 'data.x; import os'", "node types that cannot be"),
        ("UPDATE db_dbnode SET uuid = '../' || id", "no UUIDs"),
    ],
)
def test_databases_that_act_or_lie(forgery, tmp_path, statement, message):
    forgery.sql(tmp_path, statement)
    lines = refused(forgery.write(tmp_path / "a.aiida"))
    assert any(message in line for line in lines), lines


def test_stored_states_of_processes(forgery, tmp_path):
    attributes = '{"checkpoints": "!!python/object/apply:os.system [id]", "sealed": true}'
    update = (
        "UPDATE db_dbnode SET node_type = 'process.workflow.workchain.WorkChainNode.', attributes = ? "
        "WHERE node_type LIKE '%Dict.'"
    )
    forgery.sql(tmp_path, (update, (attributes,)))
    (line,) = refused(forgery.write(tmp_path / "a.aiida"))
    assert "a stored state that Python would unpack" in line


def test_a_damaged_database(forgery, tmp_path):
    content = bytearray(forgery.members[DATABASE])
    content[4096:12288] = bytes(8192)
    forgery.members[DATABASE] = bytes(content)
    assert any("database" in line for line in refused(forgery.write(tmp_path / "a.aiida")))


def test_files_that_are_not_what_their_names_say(forgery, tmp_path):
    name = next(name for name in forgery.members if name.startswith("repo/"))
    forgery.members[name] += b" "
    assert any("is not what its checksum says" in line for line in refused(forgery.write(tmp_path / "a.aiida")))


def test_missing_and_foreign_files(forgery, tmp_path):
    name = next(name for name in forgery.members if name.startswith("repo/"))
    forgery.members["repo/" + "a" * 64] = forgery.members.pop(name)
    lines = refused(forgery.write(tmp_path / "a.aiida"))
    assert any("1 files of nodes are missing" in line for line in lines)
    assert any("1 files belong to no node" in line for line in lines)


@pytest.mark.parametrize(
    ("table", "column", "place"),
    [
        ("db_dbnode", "attributes", "attributes of node"),
        ("db_dbnode", "extras", "extras of node"),
        ("db_dbnode", "description", "description of node"),
    ],
)
def test_potcar_text_in_the_database(forgery, tmp_path, table, column, place):
    value = POTCAR if column == "description" else json.dumps({"text": POTCAR})
    forgery.sql(tmp_path, (f"UPDATE {table} SET {column} = ? WHERE node_type LIKE '%Dict.'", (value,)))
    (line,) = refused(forgery.write(tmp_path / "a.aiida"))
    assert f"the text of a POTCAR in the {place}" in line


def test_potcar_text_in_a_log(forgery, tmp_path):
    insert = (
        "INSERT INTO db_dblog (id, uuid, time, loggername, levelname, dbnode_id, message, metadata) "
        "SELECT 1, uuid, ctime, 'x', 'REPORT', id, ?, '{}' FROM db_dbnode LIMIT 1"
    )
    forgery.sql(tmp_path, (insert, (POTCAR,)))
    assert refused(forgery.write(tmp_path / "a.aiida")) == ["a.aiida: the text of a POTCAR in a log message"]
