import csv
import io
import json

import pytest
from click.testing import CliRunner

from aiida_hezsp.cli.root import cmd_root


def run(*arguments):
    return CliRunner().invoke(cmd_root, ["rank", *arguments], env={"COLUMNS": "200"})


def test_table(discovery):
    result = run(str(discovery.nodes.discover.pk))
    assert result.exit_code == 0
    lines = [line for line in result.output.splitlines() if "Si2PO12" in line]
    assert [line.split()[0] for line in lines] == ["1", "2", "3"]
    assert "144.2" in lines[0]
    assert "124.2 to 164.2" in lines[0]
    assert "no VASP ran" in result.output


def test_json_and_csv_agree(discovery):
    rows = json.loads(run("--json").output)
    table = list(csv.DictReader(io.StringIO(run("--csv").output)))
    assert [row["msd"] for row in rows] == [144.25, 120.5, 60.5]
    assert [float(row["msd_A2"]) for row in table] == [row["msd"] for row in rows]
    assert [row["uuid"] for row in table] == [row["uuid"] for row in rows]


def test_limit_says_what_it_hides(discovery):
    result = run("--limit", "1")
    assert "2 more" in result.output
    assert len(json.loads(run("--json", "--limit", "1").output)) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["999999"], 1, "was not found"),
        (["--json", "--csv"], 2, "exclude each other"),
        (["--limit", "0"], 2, "--limit"),
    ],
)
def test_wrong_use(discovery, arguments, code, message):
    result = run(*arguments)
    assert result.exit_code == code
    assert message in result.output


def test_process_without_predictions(discovery):
    result = run(str(discovery.nodes.second_finetune.pk))
    assert result.exit_code == 1
    assert "has no predictions" in result.output
    result = run(str(next(iter(discovery.predictions.values())).pk))
    assert result.exit_code == 1
    assert "is a Dict; a ProcessNode is needed" in result.output
