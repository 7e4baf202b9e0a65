import csv
import io
import json

import pytest
from click.testing import CliRunner

from aiida_hezsp.cli.root import cmd_root


def run(*arguments):
    return CliRunner().invoke(cmd_root, ["space", *arguments])


@pytest.mark.parametrize(
    ("name", "count"), [("training", 23), ("quaternary", 735), ("quinary", 4575), ("multinary", 270)]
)
def test_count(name, count):
    result = run("lzsp", name, "--count")
    assert (result.exit_code, result.output) == (0, f"{count}\n")


def test_json_lists_all():
    result = run("lzsp", "quaternary", "--json")
    rows = json.loads(result.output)
    assert len(rows) == 735
    assert {row["type"] for row in rows} == {"4-1"}
    assert all(2.5 <= row["x_li"] <= 3.5 for row in rows)


def test_csv_and_limit():
    rows = list(csv.DictReader(io.StringIO(run("lzsp", "training", "--csv", "--limit", "5").output)))
    assert [row["elements"] for row in rows] == ["Zr Mg", "Zr Ca", "Zr Co", "Zr Ni", "Zr Zn"]
    assert rows[0]["formula"] == "Li4Zr1.5Mg0.5Si2PO12"


def test_table_says_what_it_hides():
    output = run("lzsp", "quinary").output
    assert "4575 compositions" in output
    assert "4545 more" in output
    assert "Li" in output


def test_seed_changes_a_drawn_space():
    one, two = (run("lzsp", "multinary", "--csv", "--seed", seed).output for seed in ("1", "2"))
    assert one != two


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("lzsp", "senary"), 1, "no space 'senary'"),
        (("garnet", "quinary"), 1, "no family 'garnet'"),
        (("lzsp", "quinary", "--json", "--csv"), 2, "exclude each other"),
        (("lzsp", "quinary", "--limit", "0"), 2, "--limit"),
    ],
)
def test_errors_go_to_stderr(arguments, code, message):
    result = run(*arguments)
    assert result.exit_code == code
    assert message in result.stderr
    assert not result.stdout
    assert "Traceback" not in result.output


def test_help_has_an_example():
    assert "Example: aiida-hezsp space lzsp" in run("--help").output


def test_how_equally_the_ladders_dopants_occur():
    """52 or 53 of the 270 compositions hold each; 270 compositions of 3 to 8 elements have 1,215 dopants."""
    found = json.loads(run("lzsp", "multinary", "--elements", "--json").output)
    assert found["n_compositions"] == 270
    assert found["ranges"]["compositions"] == [52, 53]
    assert len(found["elements"]) == 23
    assert sum(entry["compositions"] for entry in found["elements"].values()) == 15 * 3 * sum(range(2, 8))
    assert sum(entry["sites"] for entry in found["elements"].values()) == 270 * 16 - 1140
    low, high = found["ranges"]["sites"]
    text = run("lzsp", "multinary", "--elements").output
    assert "each dopant in 52 to 53 compositions" in " ".join(text.split())
    assert f"on {low:g} to {high:g} sites" in " ".join(text.split())


def test_elements_are_counted_in_the_whole_space():
    result = run("lzsp", "multinary", "--elements", "--limit", "5")
    assert result.exit_code == 2
    assert "--elements goes with --json and --seed only" in result.output
