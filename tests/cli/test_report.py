from click.testing import CliRunner

from aiida_hezsp.cli.root import cmd_root


def run(*arguments):
    return CliRunner().invoke(cmd_root, ["report", *map(str, arguments)])


def test_writes_the_page(discovery, tmp_path):
    path = tmp_path / "page.html"
    result = run(discovery.nodes.discover.pk, "--output", path)
    assert result.exit_code == 0
    assert str(path) in result.output
    text = path.read_text(encoding="utf8")
    assert "discover lzsp (demo)" in text
    assert all(node.uuid in text for node in discovery.predictions.values())


def test_process_without_predictions_writes_nothing(discovery, tmp_path):
    path = tmp_path / "page.html"
    result = run(discovery.nodes.second_finetune.pk, "--output", path)
    assert result.exit_code == 1
    assert "has no predictions" in result.output
    assert not path.exists()


def test_unknown_process(discovery, tmp_path):
    result = run("999999", "--output", tmp_path / "page.html")
    assert result.exit_code == 1
    assert "was not found" in result.output


def test_folder_that_does_not_exist(discovery, tmp_path):
    result = run(discovery.nodes.discover.pk, "--output", tmp_path / "no" / "page.html")
    assert result.exit_code == 1
    assert "is not a directory" in result.output
