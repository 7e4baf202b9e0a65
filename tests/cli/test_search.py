import csv
import io
import json

import pytest
from click.testing import CliRunner

from aiida_hezsp.cli.root import cmd_root


def run(*arguments):
    return CliRunner().invoke(cmd_root, ["search", *arguments], env={"COLUMNS": "200"})


def test_count_json_csv_and_table_agree(many):
    options = ("--all-of", "Hf", "--none-of", "Ni,Co", "--msd", "30..", "--model", "GB")
    expected = {
        uuid: row["msd"]
        for uuid, row in many.rows.items()
        if "Hf" in row["elements"] and not {"Ni", "Co"} & set(row["elements"])
        if row["msd"] >= 30 and row["model_kind"] == "GB"
    }
    assert len(expected) > 5
    assert run(*options, "--count").output == f"{len(expected)}\n"
    content = json.loads(run(*options, "--json").output)
    assert content["total"] == len(expected)
    assert {row["uuid"]: row["msd"] for row in content["predictions"]} == pytest.approx(expected)
    assert all(row["region"] == ("high" if row["msd"] > 120 else "low" if row["msd"] < 40 else "medium")
               for row in content["predictions"])  # fmt: skip
    table = list(csv.DictReader(io.StringIO(run(*options, "--csv").output)))
    assert {row["uuid"]: float(row["msd_A2"]) for row in table} == pytest.approx(expected)
    shown = run(*options, "--limit", "3").output
    assert f"{len(expected)} predictions" in shown
    assert f"{len(expected) - 3} more" in shown
    assert "no VASP ran" in shown


def test_proportion_and_sorting(many):
    rows = json.loads(run("--proportion", "Zr=0.25", "--sort", "x_li", "--ascending", "--json").output)["predictions"]
    expected = sorted(row["x_li"] for row in many.rows.values() if row["site_fractions"]["Zr"] == 0.25)
    assert [row["x_li"] for row in rows] == expected


def test_nothing_found(many):
    result = run("--msd", "100000..")
    assert result.exit_code == 0
    assert "No prediction fulfils these criteria" in result.output
    assert json.loads(run("--msd", "100000..", "--json").output) == {"total": 0, "predictions": []}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--json", "--csv"], 2, "exclude each other"),
        (["--msd", "high"], 2, "is no range"),
        (["--all-of", "hf"], 1, "did you mean Hf?"),
        (["--proportion", "Zr"], 2, "is no proportion"),
        (["--region", "best"], 2, "best"),
        (["--model", "nonsense"], 1, "no SF-MSD model has the label or the kind 'nonsense'"),
        (["--formula", "Li3Zr2Si2PO12"], 1, "`aiida-hezsp predict Li3Zr2Si2PO12` computes it"),
    ],
)
def test_wrong_use(many, arguments, code, message):
    result = run(*arguments)
    assert result.exit_code == code
    assert message in result.output


def test_help_has_examples():
    assert "aiida-hezsp search --all-of Hf,Sn" in run("--help").output
