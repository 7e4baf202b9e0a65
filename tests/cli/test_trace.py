import csv
import io
import json

from click.testing import CliRunner

from aiida_hezsp.cli.root import cmd_root


def run(*arguments):
    return CliRunner().invoke(cmd_root, ["trace", *arguments])


def test_tree_by_formula(discovery, best):
    result = run(best["formula"])
    assert result.exit_code == 0
    assert "Second fine-tuning" in result.output
    assert f"vasp.vasp<{discovery.vasp_relaxations[0].pk}>" in result.output
    assert "No VASP ran" in result.output


def test_json_by_pk(discovery, best):
    content = json.loads(run(str(best.pk), "--json").output)
    assert content["prediction"]["uuid"] == best.uuid
    assert content["labels"]["engines"] == {"standin r2scan": 8}
    assert content["labels"]["standin"] is True


def test_errors_are_one_line_and_exit_1(discovery, best):
    for identifier, message in (
        (str(best.creator.inputs.structure.pk), "is a StructureData, not a prediction"),
        ("Li3Zr2Si2PO12", "no prediction of 'Li3Zr2Si2PO12'"),
        ("999999", "no node has the identifier"),
    ):
        result = run(identifier)
        assert result.exit_code == 1
        assert message in result.output
        assert result.output.count("\n") == 1


def test_unknown_profile():
    result = CliRunner().invoke(cmd_root, ["--profile", "nowhere", "trace", "1"])
    assert result.exit_code == 1
    assert "nowhere" in result.output


def test_figure(discovery, best, tmp_path):
    path = tmp_path / "trace.svg"
    result = run(str(best.pk), "--figure", str(path))
    assert result.exit_code == 0
    assert result.output.strip() == f"{path}: the trace of {best['formula']}"
    assert path.read_text().startswith("<?xml")
    assert "must end in .svg" in run(str(best.pk), "--figure", "trace.txt").output
    assert run(str(best.pk), "--figure", str(tmp_path / "nowhere" / "trace.svg")).exit_code == 1


def test_reverse(discovery, best):
    calculation = discovery.vasp_relaxations[0]
    result = run(str(calculation.pk), "--reverse")
    assert result.exit_code == 0
    assert "images carry its labels" in result.output
    assert best["formula"] in result.output
    content = json.loads(run(calculation.uuid, "--reverse", "--json").output)
    assert best.uuid in {row["uuid"] for row in content["predictions"]}
    table = list(csv.DictReader(io.StringIO(run(str(calculation.pk), "--reverse", "--csv").output)))
    assert {row["uuid"] for row in table if row["kind"] == "prediction"} == {
        row["uuid"] for row in content["predictions"]
    }
    assert {row["uuid"] for row in table if row["kind"] == "ChgnetModelData"} < {
        row["uuid"] for row in content["models"]
    }


def test_wrong_use(discovery, best):
    assert run(str(best.pk), "--csv").exit_code == 2
    assert run(str(best.pk), "--reverse", "--json", "--csv").exit_code == 2
    result = run(str(best.pk), "--reverse")
    assert result.exit_code == 1
    assert "not a calculation" in result.output


def test_help_has_an_example():
    output = run("--help").output
    assert "aiida-hezsp trace 4821 --json" in output
