"""`launch ... --dry-run --write-inputs`: the files for inspection, and POTCARs checked before anything is stored."""

import json

import pytest
from aiida import orm
from click.testing import CliRunner
from pymatgen.io.vasp.inputs import Incar

from aiida_hezsp.cli.root import cmd_root

HOST = "Li3Zr2Si2PO12"
FILES = ["INCAR", "KPOINTS", "POSCAR", "POTCAR.spec"]


def launch(*arguments):
    return CliRunner().invoke(cmd_root, ["launch", *map(str, arguments)])


@pytest.fixture(scope="module")
def ready(aiida_profile, tmp_path_factory):
    """Codes, the stand-in's family and one that lacks P and Hf_pv; returns how many nodes there are, as a function."""
    import shutil

    from aiida.plugins import DataFactory

    from aiida_hezsp.cli.environment import ensure_codes, ensure_computer, ensure_standin_potentials
    from aiida_hezsp.standin.potcars import write_placeholder_potcars

    aiida_profile.reset_storage()
    ensure_codes(ensure_computer())
    ensure_standin_potentials()
    root = write_placeholder_potcars(tmp_path_factory.mktemp("potcars"))
    for symbol in ("P", "Hf_pv"):
        shutil.rmtree(root / symbol)
    DataFactory("vasp.potcar").upload_potcar_family(str(root), "poor", "placeholders", stop_if_existing=False)
    yield lambda: orm.QueryBuilder().append(orm.Node).count()
    aiida_profile.reset_storage()


def test_one_folder_per_structure_and_nothing_stored(ready, tmp_path):
    before = ready()
    result = launch(
        "relax-images", HOST, "Li3Hf2Si2PO12", "--dry-run", "--json", "--write-inputs", tmp_path, "--set",
        "dft.incar.encut=600", "--set", "dft.incar.ncore=4",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)
    assert "wrote the VASP input files of 2 structures" in result.stderr
    assert sorted(path.name for path in (tmp_path / "relax").iterdir()) == ["Li3Hf2Si2PO12", HOST]
    for folder in (tmp_path / "relax").iterdir():
        assert sorted(path.name for path in folder.iterdir()) == FILES
        incar = Incar.from_file(folder / "INCAR")
        assert (incar["ENCUT"], incar["NCORE"]) == (600, 4)
    assert ready() == before


def test_files_of_users_structures(ready, tmp_path):
    cell = tmp_path / "my_cell.vasp"
    cell.write_text("Al\n1.0\n4.15 0 0\n0 4.15 0\n0 0 4.15\nAl\n4\nDirect\n0 0 0\n0 .5 .5\n.5 0 .5\n.5 .5 0\n")
    result = launch("single-points", cell, "--dry-run", "--write-inputs", tmp_path / "out")
    assert result.exit_code == 0, result.output
    folder = tmp_path / "out" / "single_point" / "s_my_cell"
    assert Incar.from_file(folder / "INCAR")["NSW"] == 1
    assert (folder / "POTCAR.spec").read_text().split()[0] == "Al"


def test_stage_one_writes_all_training_cells_of_both_datasets(ready, tmp_path):
    result = launch("potential", "--protocol", "paper", "--dry-run", "--write-inputs", tmp_path)
    assert result.exit_code == 0, result.output
    for kind, atoms in (("relax", 40), ("single_point", 160)):
        assert len(list((tmp_path / kind).iterdir())) == 23
        magmom = Incar.from_file(tmp_path / kind / "Li3Hf2Si2PO12" / "INCAR")["MAGMOM"]
        assert len(magmom) == atoms


@pytest.mark.parametrize(
    "arguments", [("relax-images", HOST, "Li3Hf2Si2PO12"), ("discover",), ("potential", "--protocol", "paper")]
)
@pytest.mark.parametrize("dry", [True, False])
def test_missing_potentials_are_named_before_anything_is_stored(ready, tmp_path, arguments, dry):
    before = ready()
    options = ["--dry-run", "--write-inputs", tmp_path] if dry else []
    result = launch(*arguments, "--potential-family", "poor", *options)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: POTCAR family 'poor' lacks Hf_pv, P; upload them")
    assert ready() == before
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def real_vasp(ready):
    """A code that is not the stand-in, by label, pk and UUID."""
    code = orm.InstalledCode(
        label="vasp", computer=orm.load_computer("localhost"), filepath_executable="/bin/false",
        default_calc_job_plugin="vasp.vasp",
    ).store()  # fmt: skip
    yield [code.full_label, str(code.pk), code.uuid]
    orm.Node.collection.delete(code.pk)


@pytest.mark.parametrize("dry", [True, False])
def test_placeholders_are_not_for_a_real_vasp(ready, real_vasp, tmp_path, dry):
    before = ready()
    for code in real_vasp:
        options = ["--dry-run", "--write-inputs", tmp_path / "out"] if dry else []
        result = launch("relax-images", HOST, "--vasp-code", code, *options)
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: POTCAR family 'hezsp-standin' holds placeholders")
        assert "vasp@localhost" in result.stderr
        assert "--potential-family" in result.stderr
        assert result.stderr.count("\n") == 1
    assert ready() == before
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_needs_no_code_to_refuse_placeholders(ready, tmp_path):
    options = ["--dry-run", "--write-inputs", tmp_path / "out"]
    result = launch("relax-images", HOST, "--vasp-code", "vasp@cluster", *options)
    assert result.exit_code == 1
    assert "vasp@cluster" in result.stderr
    assert "--potential-family" in result.stderr


def test_wrong_tags_are_said_in_one_line(ready):
    result = launch("single-points", HOST, "--set", "dft.incar.encutt=600")
    assert result.exit_code == 1
    assert "did you mean encut?" in result.stderr


def test_writing_belongs_to_a_dry_run(ready, tmp_path):
    result = launch("relax-images", HOST, "--write-inputs", tmp_path)
    assert result.exit_code == 2
    assert "add --dry-run" in result.stderr
