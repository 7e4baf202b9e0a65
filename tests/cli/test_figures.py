import json

from click.testing import CliRunner

from aiida_hezsp.cli import cmd_root
from aiida_hezsp.report.figures import FIGURES


def run(*arguments):
    return CliRunner().invoke(cmd_root, ["figures", *map(str, arguments)])


def test_all_figures_of_a_discovery(discovery, tmp_path):
    folder = tmp_path / "new" / "figures"
    result = run(discovery.nodes.discover.pk, "--output", folder, "--json")
    assert result.exit_code == 0, result.output
    listed = json.loads(result.output)
    assert {entry["file"] for entry in listed} == {str(path) for path in folder.iterdir()}
    names = {path.stem for path in folder.iterdir()}
    assert {"ranking", "distribution", "parity-1", "parity-2", "msd", "errors", "importance", "shap"} <= names
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.iterdir())


def test_one_figure_in_two_formats_is_the_same_file_every_time(discovery, tmp_path):
    for folder in ("one", "two"):
        options = ["--only", "waterfall", "--format", "svg", "--format", "pdf"]
        result = run("--output", tmp_path / folder, *options)
        assert result.exit_code == 0, result.output
    for name in ("waterfall.svg", "waterfall.pdf"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert len(list((tmp_path / "one").iterdir())) == 2


def test_names_are_listed_with_those_of_the_paper():
    result = run("--list")
    assert [line.split()[0] for line in result.output.splitlines()] == list(FIGURES)
    assert json.loads(run("--list", "--json").output)["waterfall"] == "Fig. S12"


def test_unknown_figure_is_one_line(discovery, tmp_path):
    result = run("--only", "pie", "--output", tmp_path / "figures")
    assert result.exit_code == 1
    assert result.output.startswith("Error: no figure is called pie; there are ranking, ")
    assert not (tmp_path / "figures").exists()
