"""`launch ... --set dft.engine=quantumespresso`: input files for inspection, and one line for every wrong input."""

import json

import numpy as np
import pytest
from aiida import orm
from ase.io import read
from click.testing import CliRunner

from aiida_hezsp.chemistry import decorate, parse_formula
from aiida_hezsp.cli.root import cmd_root
from aiida_hezsp.families import load_family

pytest.importorskip("aiida_quantumespresso", reason="the extra `quantumespresso` is not installed")

HOST = "Li3Zr2Si2PO12"
ENGINE = ("--set", "dft.engine=quantumespresso")
VALENCES = {"Li": 3, "Ni": 18, "Zr": 12, "Si": 4, "P": 5, "O": 6}


def launch(*arguments):
    return CliRunner().invoke(cmd_root, ["launch", *map(str, arguments)])


@pytest.fixture(scope="module")
def ready(aiida_profile, tmp_path_factory):
    """A family of headers of UPF files and a code that is never run; returns a function that counts nodes."""
    from aiida.plugins import GroupFactory
    from aiida_pseudo.data.pseudo.upf import UpfData

    from aiida_hezsp.cli.environment import ensure_computer

    aiida_profile.reset_storage()
    folder = tmp_path_factory.mktemp("upf")
    for element, valence in VALENCES.items():
        header = f'<PP_HEADER element="{element}" z_valence="{valence}.0" functional="PBE"/>'
        (folder / f"{element}.upf").write_text(f'<UPF version="2.0.1">\n{header}')
    family = GroupFactory("pseudo.family.cutoffs").create_from_folder(folder, "made", pseudo_type=UpfData)
    cutoffs = {element: {"cutoff_wfc": 40.0 + valence, "cutoff_rho": 320.0} for element, valence in VALENCES.items()}
    family.set_cutoffs(cutoffs, "normal", unit="Ry")
    orm.InstalledCode(
        label="pw",
        computer=ensure_computer(),
        filepath_executable="/usr/bin/pw.x",
        default_calc_job_plugin="quantumespresso.pw",
    ).store()
    yield lambda: orm.QueryBuilder().append(orm.Node).count()
    aiida_profile.reset_storage()


def test_the_input_of_every_structure_is_written_and_nothing_stored(ready, tmp_path):
    before = ready()
    result = launch(
        "relax-images", HOST, *ENGINE, "--pseudo-family", "made", "--dry-run", "--json", "--write-inputs", tmp_path,
        "--set", "dft.pw.parameters.ELECTRONS.mixing_beta=0.2",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    (stage,) = json.loads(result.stdout)
    assert "pw.x relaxations" in stage["what"]
    assert "wrote the pw.x input files of 1 structures" in result.stderr
    assert ready() == before
    folder = tmp_path / "relax" / HOST
    atoms = read(folder / "aiida.in", format="espresso-in")
    family = load_family("lzsp")
    expected = decorate(family, parse_formula(family, HOST), "primitive", 1)
    assert atoms.get_chemical_symbols() == [site.specie.symbol for site in expected]
    np.testing.assert_allclose(atoms.positions, expected.cart_coords, atol=1e-8)
    np.testing.assert_allclose(atoms.cell.array, expected.lattice.matrix, atol=1e-8)
    text = (folder / "aiida.in").read_text()
    for line in ("calculation = 'vc-relax'", "ecutwfc =   5.2", "mixing_beta =   2.0", "nspin = 2", "tstress = .true."):
        assert line in text
    names = [line.split()[0] for line in (folder / "PSEUDOS.spec").read_text().splitlines()]
    assert names == sorted({*VALENCES} - {"Ni"})


def test_elements_that_run_without_u_are_named(ready, tmp_path):
    (tmp_path / "ni.vasp").write_text("NiO\n1.0\n0 2.1 2.1\n2.1 0 2.1\n2.1 2.1 0\nNi O\n1 1\nDirect\n0 0 0\n.5 .5 .5\n")
    wanted = ("--pseudo-family", "made", "--dry-run", "--write-inputs", tmp_path / "files")
    assert "note: " not in launch("single-points", HOST, *ENGINE, *wanted).stderr
    result = launch("single-points", tmp_path / "ni.vasp", *ENGINE, *wanted)
    assert result.exit_code == 0, result.output
    assert "note: pw.x runs without +U, which MPRelaxSet prescribes for Ni" in result.stderr


def test_stage_one_is_planned_and_written_for_pw_too(ready, tmp_path):
    chosen = ("--set", f"potential.compositions.formulas=[{HOST}]")
    result = launch("potential", *ENGINE, *chosen, "--pseudo-family", "made", "--dry-run", "--write-inputs", tmp_path)
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["relax", "single_point"]
    assert "'scf'" in (tmp_path / "single_point" / HOST / "aiida.in").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((HOST, *ENGINE, "--pseudo-family", "made"), "name the code of pw.x with --pw-code"),
        ((HOST, *ENGINE, "--pw-code", "pw@localhost"), "name the pseudopotentials with --pseudo-family"),
        ((HOST, "--pw-code", "pw@localhost"), "add --set dft.engine=quantumespresso"),
        ((HOST, "--set", "dft.engine=abinit"), "dft.engine=abinit does not exist; known are vasp, quantumespresso"),
        (
            ("Li3Hf2Si2PO12", *ENGINE, "--pw-code", "pw@localhost", "--pseudo-family", "made"),
            "'made' lacks Hf; add them",
        ),
    ],
)
def test_wrong_inputs_are_said_in_one_line_and_nothing_is_stored(ready, arguments, message):
    before = ready()
    result = launch("relax-images", *arguments)
    assert result.exit_code != 0
    assert message in result.output
    assert "Traceback" not in result.output
    assert ready() == before


def test_dynamics_run_in_vasp_only(ready):
    result = launch("aimd", HOST, *ENGINE, "--dry-run")
    assert result.exit_code != 0
    assert "this command runs VASP only" in result.output
