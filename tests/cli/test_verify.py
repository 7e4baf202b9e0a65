import json

from click.testing import CliRunner

from aiida_hezsp.cli.root import cmd_root


def run(*arguments):
    return CliRunner().invoke(cmd_root, ["verify", *map(str, arguments)])


def test_findings_one_a_line_and_the_exit_code(tmp_path):
    (tmp_path / "a.aiida").write_bytes(b"nothing")
    result = run(tmp_path / "a.aiida")
    assert result.exit_code == 1
    first, last = result.output.splitlines()
    assert first.startswith("REFUSED  a.aiida: not a zip file, or cut off")
    assert last.endswith("1 findings: do not import it")


def test_json(tmp_path):
    (tmp_path / "a.aiida").write_bytes(b"nothing")
    result = run(tmp_path / "a.aiida", "--json")
    assert result.exit_code == 1
    content = json.loads(result.output)
    assert content["ok"] is False
    assert content["findings"][0]["check"] == "zip"


def test_missing(tmp_path):
    result = run(tmp_path / "none")
    assert result.exit_code == 1
    assert "neither a file nor a folder" in result.output


def test_folder_without_its_files(tmp_path):
    result = run(tmp_path)
    assert result.exit_code == 1
    assert "predictions.aiida is missing" in result.output
