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


def test_help_has_an_example():
    output = run("--help").output
    assert "aiida-hezsp trace 4821 --json" in output
