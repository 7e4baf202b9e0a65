import json

import pytest
from aiida import orm
from click.testing import CliRunner

from aiida_hezsp.cli.root import cmd_root


def run(*arguments):
    return CliRunner().invoke(cmd_root, ["show", *map(str, arguments)], env={"COLUMNS": "160"})


@pytest.fixture(scope="module")
def twice(many):
    """Of a composition that both models predicted: the UUIDs by kind."""
    formula = next(row["formula"] for row in many.rows.values() if row["model_kind"] == "RF")
    return formula, {row["model_kind"]: uuid for uuid, row in many.rows.items() if row["formula"] == formula}


def test_table(many, twice):
    _, uuids = twice
    row = many.rows[uuids["GB"]]
    output = " ".join(run(uuids["GB"]).output.split())
    assert f"predicted MSD {row['msd']:.1f} A^2, 90 % interval" in output
    assert "percentile" in output
    assert f"S_config {row['s_config']:.3f} R" in output
    assert "first edge of the relaxed cell" in output
    assert "No VASP ran" in output


def test_json_by_beginning_of_uuid(many, twice):
    _, uuids = twice
    content = json.loads(run(uuids["RF"][:8], "--json").output)
    assert content["uuid"] == uuids["RF"]
    assert content["msd"]["n_predictions"] == 60


def test_several_are_listed_with_how_to_choose(many, twice):
    formula, uuids = twice
    result = run(formula)
    assert result.exit_code == 1
    for uuid in uuids.values():
        assert f"{orm.load_node(uuid=uuid).pk} " in result.output
    assert "choose by pk, or add --newest" in result.output
    assert json.loads(run(formula, "--newest", "--json").output)["uuid"] == uuids["RF"]
    assert json.loads(run(formula, "--model", "GB", "--json").output)["uuid"] == uuids["GB"]


def test_cif(many, twice, tmp_path):
    from ase.io import read

    _, uuids = twice
    path = tmp_path / "relaxed.cif"
    assert run(uuids["GB"], "--cif", path).exit_code == 0
    structure = orm.load_node(uuid=uuids["GB"]).creator.inputs.structure
    assert read(path).cell.volume == pytest.approx(structure.get_cell_volume())
    again = run(uuids["GB"], "--cif", path)
    assert again.exit_code == 1
    assert "exists already" in again.output
    assert run(uuids["GB"], "--cif", path, "--overwrite").exit_code == 0
    assert run(uuids["GB"], "--cif", tmp_path / "nowhere" / "x.cif").exit_code == 1


def test_unknown_composition_is_told_what_is_near_and_how_to_get_it(many):
    known = next(row for row in many.rows.values() if row["type"] == "5-1")
    wanted = known["formula"].replace("Zr0.5", "Zr0.625")
    result = run(wanted)
    assert result.exit_code == 1
    assert f"near it are {known['formula']}" in result.output
    assert f"`aiida-hezsp predict {wanted}` computes it" in result.output
    assert result.output.count("\n") == 1


def test_wrong_model(many):
    formula = next(row["formula"] for row in reversed(list(many.rows.values())) if row["model_kind"] == "GB")
    only = [row for row in many.rows.values() if row["formula"] == formula]
    if len(only) == 1:
        result = run(formula, "--model", "RF")
        assert result.exit_code == 1
        assert "did not predict" in result.output
