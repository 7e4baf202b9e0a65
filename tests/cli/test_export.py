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
    assert "exists already: choose another name, or add --force" in result.output
    assert table.read_text() == "mine"
    assert not archive.exists()
    assert run(best.pk, "--output", archive, "--csv", table, "--overwrite").exit_code == 0


def test_a_table_that_cannot_be_written_is_refused_before_the_archive_is(discovery, best, tmp_path):
    result = run(best.pk, "--output", tmp_path / "best.aiida", "--csv", tmp_path / "missing" / "best.csv")
    assert result.exit_code == 1
    assert "missing is no folder" in result.output
    assert list(tmp_path.iterdir()) == []


def test_wrong_use(discovery, best, tmp_path):
    result = run(best.pk, "--process", discovery.nodes.discover.pk, "--output", tmp_path / "a.aiida")
    assert result.exit_code == 2
    assert "not both" in result.output
    result = run("Li3Zr2Si2PO12", "--output", tmp_path / "a.aiida")
    assert result.exit_code == 1
    assert "no prediction of" in result.output
    assert run(best.pk).exit_code == 2  # no --output
    assert "one file already" in run(best.pk, "--output", tmp_path / "a.aiida", "--zip").output
    assert "--csv is for an archive alone" in run(best.pk, "--output", tmp_path / "a", "--csv", "b").output
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_metadata_from_file_and_options(discovery, tmp_path):
    template = run("--metadata-template")
    assert template.exit_code == 0
    (tmp_path / "metadata.yaml").write_text(template.output)
    process, folder = discovery.nodes.discover.pk, tmp_path / "campaign"
    options = ["--metadata", tmp_path / "metadata.yaml", "--title", "Mine", "--author", "Grace Hopper;Navy"]
    result = run("--process", process, "--output", folder, *options)
    assert result.exit_code == 0, result.output
    assert "verified: no POTCAR text" in result.output
    assert "Stand-in labels: no VASP ran" in result.output
    assert (folder / "README.md").read_text().startswith("# Mine\n\nGrace Hopper (Navy)\n")
    figures = sorted(folder.glob("*.png"))
    assert len(figures) >= 6
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in figures)
    judged = CliRunner().invoke(cmd_root, ["verify", str(folder)])
    assert judged.exit_code == 0
    assert "whole and safe to import: 3 predictions" in judged.output


def test_a_number_in_the_name_of_a_zip_file_is_kept(discovery, best, tmp_path):
    (tmp_path / "metadata.yaml").write_text(run("--metadata-template").output)
    options = ["--metadata", tmp_path / "metadata.yaml", "--author", "Grace Hopper;Navy", "--zip", "--no-figures"]
    result = run(best.pk, "--output", tmp_path / "campaign-0.3", *options)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["campaign-0.3.zip", "metadata.yaml"]


def test_metadata_that_are_missing_are_named_before_anything_is_done(discovery, best, tmp_path):
    result = run(best.pk, "--output", tmp_path / "folder", "--title", "Only a title")
    assert result.exit_code == 1
    for name in ("description", "authors", "licence", "keywords"):
        assert f"{name}: missing" in result.output
    assert "--metadata-template" in result.output
    assert list(tmp_path.iterdir()) == []


def test_metadata_are_asked_for_on_a_terminal(monkeypatch):
    from aiida_hezsp.cli.deposit_options import asked_metadata

    answers = iter(["A description", "Ada Lovelace;Somewhere | Grace Hopper", "CC0-1.0", "one, two, three"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("click.prompt", lambda *_, **__: next(answers))
    metadata = asked_metadata(None, title="A title", authors=(), keywords=())
    assert [author.name for author in metadata.authors] == ["Ada Lovelace", "Grace Hopper"]
    assert metadata.keywords == ["one", "two", "three"]
    assert metadata.licence == "CC0-1.0"
