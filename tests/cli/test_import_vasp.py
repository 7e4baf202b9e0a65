"""`aiida-hezsp import-vasp` on real output of VASP."""

import json
import shutil
from pathlib import Path

import pytest
from aiida import orm
from click.testing import CliRunner

from aiida_hezsp.cli.root import cmd_root

REAL = Path(__file__).parents[1] / "provenance" / "import_vasp" / "real"


def run(*arguments):
    return CliRunner().invoke(cmd_root, ["import-vasp", *map(str, arguments)])


@pytest.fixture(scope="module")
def ready(aiida_profile, tmp_path_factory):
    """A profile with the POTCAR family of the runs; returns how many nodes there are, as a function."""
    from vasp_potcars import upload_placeholders

    aiida_profile.reset_storage()
    upload_placeholders("silicon", ["PAW_PBE Si 05Jan2001"], tmp_path_factory.mktemp("potcars"))
    yield lambda: orm.QueryBuilder().append(orm.Node).count()
    aiida_profile.reset_storage()


def test_a_dry_run_judges_and_stores_nothing(ready):
    before = ready()
    result = run(REAL, "--potcar-family", "silicon", "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    assert ready() == before
    found = json.loads(result.stdout)
    rows = {Path(row["source"]).relative_to(REAL).as_posix(): row for row in found["would_import"]}
    assert set(rows) == {
        "converged-with-error", "magnetic/relax1", "magnetic/relax2", "relaxation/relax1", "relaxation/relax2",
        "vasp-6.4.2",
    }  # fmt: skip
    assert rows["magnetic/relax1"] == {
        "source": str(REAL / "magnetic" / "relax1"),
        "formula": "Si",
        "kind": "relaxation",
        "steps": 5,
        "vasp": "6.2.0",
        "level": "PBE (PAW_PBE), ENCUT 240 eV",
    }
    assert list(found["skipped"]) == [str(REAL / "unfinished")]
    assert "1/7" in result.stderr  # how far it is


def test_an_import_is_reported_once_as_new_and_then_as_known(ready):
    arguments = (REAL, "--potcar-family", "silicon", "--group", "old runs", "--json")
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    first = json.loads(result.stdout)
    assert [row["new"] for row in first["runs"]] == [True] * 5
    assert {Path(source).name for source in first["skipped"]} == {"unfinished", "converged-with-error"}
    assert [(row["n_images"], row["level"], row["new"]) for row in first["datasets"]] == [
        (8 + 7 - len([row for row in first["datasets"][0]["left_out"] if "0.5 eV" in row["reason"]]),
         "PBE (PAW_PBE), ENCUT 240 eV", True),
        (3, "PBE (PAW_PBE), ENCUT 520 eV", True),
    ]  # fmt: skip
    group = orm.Group.collection.get(label="old runs")
    assert {node.uuid for node in group.nodes} == {row["uuid"] for row in [*first["runs"], *first["datasets"]]}

    before = ready()
    second = json.loads(run(*arguments).stdout)
    assert ready() == before
    assert [(row["uuid"], row["new"]) for row in second["runs"]] == [(row["uuid"], False) for row in first["runs"]]
    assert [(row["uuid"], row["new"]) for row in second["datasets"]] == [
        (row["uuid"], False) for row in first["datasets"]
    ]


def test_tables_say_the_same(ready):
    result = run(REAL / "relaxation", REAL / "unfinished", "--potcar-family", "silicon")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert any("Imported runs" in line for line in lines)
    assert any(line.startswith(f"skipped {REAL / 'unfinished'}: unfinished: ") for line in lines)
    assert any("8 images (8 by vasp 5.4.4" in line for line in lines)


def test_a_copy_of_a_run_counts_once(ready, tmp_path):
    for name in ("a", "b"):
        shutil.copytree(REAL / "vasp-6.4.2", tmp_path / name)
    found = json.loads(run(tmp_path, "--potcar-family", "silicon", "--json").stdout)
    assert [Path(row["source"]).name for row in found["runs"]] == ["a"]
    assert found["skipped"] == {str(tmp_path / "b"): f"a copy of {tmp_path / 'a'}"}
    assert found["datasets"][0]["n_images"] == 3


def test_the_dataset_can_be_listed_and_leads_to_the_calculations(ready):
    """`verdi data hezsp dataset` and `trace --reverse` work as for datasets of the work chains."""
    found = json.loads(run(REAL / "vasp-6.4.2", "--potcar-family", "silicon", "--json").stdout)
    dataset = orm.load_node(found["datasets"][0]["uuid"])
    assert {dataset.calculation(index).uuid for index in range(3)} == {found["runs"][0]["uuid"]}


def test_nothing_to_import_is_an_error(ready, tmp_path):
    before = ready()
    result = run(REAL / "unfinished", tmp_path, "--potcar-family", "silicon")
    assert result.exit_code == 1
    assert "nothing was imported" in result.stderr
    assert f"skipped {tmp_path}: holds no vasprun.xml" in result.stdout
    assert ready() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((REAL, "--potcar-family", "PBE.54"), "POTCAR family 'PBE.54' does not exist"),
        ((REAL, "--potcar-family", "silicon", "--code", "vasp@moon"), "code 'vasp@moon' was not found"),
        ((REAL, "--potcar-family", "silicon", "--set", "dft.images.tial=3"), "'dft.images.tial' does not exist"),
        ((REAL / "nowhere", "--potcar-family", "silicon"), "does not exist"),
        ((REAL,), "Missing option '--potcar-family'"),
    ],
)
def test_wrong_arguments_are_said_in_one_line(ready, arguments, message):
    before = ready()
    result = run(*arguments)
    assert result.exit_code in {1, 2}
    assert message in result.stderr
    assert ready() == before
