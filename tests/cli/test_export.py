import csv

from click.testing import CliRunner

from aiida_hezsp.cli.root import cmd_root
from aiida_hezsp.provenance.export import inspect_archive


def run(*arguments):
    return CliRunner().invoke(cmd_root, ["export", *map(str, arguments)])


def test_process_with_table(discovery, tmp_path):
    archive, table = tmp_path / "all.aiida", tmp_path / "all.csv"
    result = run("--process", discovery.nodes.discover.pk, "--output", archive, "--csv", table)
    assert result.exit_code == 0
    assert "3 predictions" in result.output
    assert inspect_archive(archive).node_types["WorkChainNode"] == 1
    rows = list(csv.DictReader(table.open(encoding="utf8")))
    assert [float(row["msd_A2"]) for row in rows] == [144.25, 120.5, 60.5]


def test_one_by_formula(discovery, best, tmp_path):
    archive, table = tmp_path / "best.aiida", tmp_path / "best.csv"
    result = run(best["formula"], "--output", archive, "--csv", table)
    assert result.exit_code == 0
    assert "1 predictions" in result.output
    assert [row["uuid"] for row in csv.DictReader(table.open(encoding="utf8"))] == [best.uuid]


def test_existing_files_are_kept(discovery, best, tmp_path):
    archive, table = tmp_path / "best.aiida", tmp_path / "best.csv"
    table.write_text("mine")
    result = run(best.pk, "--output", archive, "--csv", table)
    assert result.exit_code == 1
    assert "exists already" in result.output
    assert table.read_text() == "mine"
    assert not archive.exists()
    assert run(best.pk, "--output", archive, "--csv", table, "--overwrite").exit_code == 0


def test_wrong_use(discovery, best, tmp_path):
    result = run(best.pk, "--process", discovery.nodes.discover.pk, "--output", tmp_path / "a.aiida")
    assert result.exit_code == 2
    assert "not both" in result.output
    result = run("Li3Zr2Si2PO12", "--output", tmp_path / "a.aiida")
    assert result.exit_code == 1
    assert "no prediction of" in result.output
    assert run(best.pk).exit_code == 2  # no --output
    assert list(tmp_path.iterdir()) == []
