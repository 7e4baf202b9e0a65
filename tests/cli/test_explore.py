import re

import pytest
from aiida import orm
from click.testing import CliRunner

from aiida_hezsp.cli.root import cmd_root
from aiida_hezsp.report.explorer.packing import unpack_json


def run(*arguments):
    return CliRunner().invoke(cmd_root, ["explore", *map(str, arguments)])


def table(path):
    text = path.read_text(encoding="utf8")
    return unpack_json(re.search(r'id="table">(.*?)</script>', text)[1])


def formulas(path):
    return table(path)["columns"]["formula"]


def test_writes_the_page_of_a_process(discovery, tmp_path):
    path = tmp_path / "page.html"
    result = run(discovery.nodes.discover.pk, "--output", path)
    assert result.exit_code == 0, result.output
    assert f"{path}: 3 predictions" in result.output
    assert table(path)["title"] == "discover lzsp (demo)"
    assert set(table(path)["columns"]["uuid"]) == {node.uuid for node in discovery.predictions.values()}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--limit", "1"], ["Li2.625Zr0.5Ti0.375Sn0.375Hf0.375Nb0.375Si2PO12"]),
        (["--msd", "..100"], ["Li3Zr0.5Ti0.375Ge0.375Sn0.375Hf0.375Si2PO12"]),
        (["--region", "high", "--model", "GB", "--limit", "1", "--no-structures"],
         ["Li2.625Zr0.5Ti0.375Sn0.375Hf0.375Nb0.375Si2PO12"]),
    ],
)  # fmt: skip
def test_criteria_say_what_is_on_the_page(discovery, tmp_path, options, expected):
    path = tmp_path / "page.html"
    result = run("--output", path, *options)
    assert result.exit_code == 0, result.output
    assert formulas(path) == expected
    assert ('id="structures"' in path.read_text(encoding="utf8")) == ("--no-structures" not in options)
    assert len(table(path)["models"][0]["distribution"]) == 3  # of the model, not of the page


def test_group_and_title(discovery, tmp_path, best):
    orm.Group("mine").store().add_nodes(best)
    path = tmp_path / "page.html"
    assert run("--group", "mine", "--title", "My <page>", "--output", path).exit_code == 0
    assert table(path)["columns"]["uuid"] == [best.uuid]
    assert "<title>My &lt;page&gt;</title>" in path.read_text(encoding="utf8")
    nothing = run("--group", "mine", "--msd", "..100", "--output", tmp_path / "none.html")
    assert nothing.exit_code == 1
    assert "no prediction is left" in nothing.output
    assert not (tmp_path / "none.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--group", "nobody"], "there is no group 'nobody'"),
        (["999999"], "was not found"),
        (["--all-of", "Xx"], "Xx"),
    ],
)
def test_wrong_input_writes_nothing(discovery, tmp_path, arguments, message):
    result = run(*arguments, "--output", tmp_path / "page.html")
    assert result.exit_code == 1
    assert message in result.output
    assert not (tmp_path / "page.html").exists()
