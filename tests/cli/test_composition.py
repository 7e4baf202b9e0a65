import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from aiida_hezsp.cli.root import cmd_root

LZHSTNSP = "Li2.625Zr0.5Hf0.375Sn0.375Ti0.375Nb0.375Si2PO12"


def run(*arguments):
    return CliRunner().invoke(cmd_root, ["composition", *arguments])


def test_json():
    result = run("lzsp", LZHSTNSP, "--json")
    known = json.loads(result.output)
    assert known["x_li"] == 2.625
    assert known["s_config"] == pytest.approx(1.602, abs=5e-4)
    assert (known["entropy_class"], known["type"]) == ("high", "5-1")
    assert known["sites"]["primitive"] is None
    assert known["sites"]["supercell"] == {
        "Li": 21, "Zr": 4, "Ti": 3, "Sn": 3, "Hf": 3, "Nb": 3, "Si": 16, "P": 8, "O": 96,
    }  # fmt: skip


def test_table():
    output = run("lzsp", "Li3.5Zr0.5Hf0.5Al0.5Ge0.5Si2PO12").output
    for part in ("3.5", "1.386 R (medium entropy)", "4-1", "(41 atoms)", "(164 atoms)"):
        assert part in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lzsp", "Li2.625Zr0.25Hf0.1875Sn0.1875Ti0.1875Nb0.1875Si2PO12"), f"probably {LZHSTNSP} was meant"),
        (("lzsp", "Li3Xx2Si2PO12"), "unknown element 'Xx'"),
        (("lzsp", "Li3Zr1.5Nb0.5Si2PO12"), "Li2.5 would balance it"),
        (("lzsp", "Li3Zr1.5W0.5Si2PO12"), "W not in family lzsp"),
        (("nowhere.yaml", LZHSTNSP), "no family 'nowhere.yaml'"),
    ],
)
def test_errors_are_one_line_on_stderr(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert not result.stdout


def test_unreadable_cif(own_family_with_broken_cif):
    result = run(str(own_family_with_broken_cif), LZHSTNSP)
    assert result.exit_code == 1
    assert "host.cif cannot be read as a CIF" in result.stderr


@pytest.fixture
def own_family_with_broken_cif(tmp_path):
    import shutil
    from importlib import resources

    for name in ("family.yaml", "template.cif"):
        shutil.copy(resources.files("aiida_hezsp.families.lzsp") / name, tmp_path / name)
    (tmp_path / "host.cif").write_text("damaged")
    return tmp_path


def test_no_heavy_imports():
    code = (
        "import sys; from click.testing import CliRunner; from aiida_hezsp.cli.root import cmd_root;"
        f"r = CliRunner().invoke(cmd_root, ['composition', 'lzsp', '{LZHSTNSP}']); assert r.exit_code == 0, r.output;"
        "print(sorted({'torch', 'chgnet', 'aiida', 'sklearn', 'matplotlib.pyplot'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
