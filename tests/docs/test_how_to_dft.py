"""The how-tos for VASP users, command by command in a new home, with the stand-in in place of VASP."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
REAL = ROOT / "tests" / "provenance" / "import_vasp" / "real"
# What a test can afford: two ionic steps, one run each.
SHORT = "--protocol demo --set dft.relax.incar.nsw=2 --set dft.max_iterations=1"

pytestmark = pytest.mark.slow


def commands(page):
    """Yield the commands of a page, continuation lines included."""
    text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf8")
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        yield from (command.strip() for command in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:])


@pytest.fixture
def shell(tmp_path):
    """Run a command in a new home; return its output. The daemon, where one was started, is stopped."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "work").mkdir()
    (tmp_path / "bin" / "vasp_std").symlink_to(BIN / "hezsp-vasp-standin")
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "AIIDA_PATH": str(tmp_path),
        "PATH": f"{tmp_path / 'bin'}:{BIN}:{os.environ['PATH']}",
        "PYTHONWARNINGS": "ignore",
    }

    def run(command):
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path / "work", env=environment, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    yield run
    subprocess.run(["verdi", "daemon", "stop"], cwd=tmp_path, env=environment, check=False, capture_output=True)


def wait_for(shell, text, seconds=400):
    """Wait until the list of datasets holds a text; return the line."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for line in shell("aiida-hezsp dataset list").splitlines():
            if text in line:
                return line
        time.sleep(5)
    raise AssertionError(shell("verdi process list -a"))


def test_from_potcar_to_dataset(shell, tmp_path):
    from aiida_hezsp.standin.potcars import write_placeholder_potcars

    write_placeholder_potcars(tmp_path, "potpaw_PBE")
    said, pk = {}, None
    for command in commands("from-potcar-to-dataset.md"):
        if command == "aiida-hezsp dataset list":
            pk = wait_for(shell, "merge_images").split()[0]
        said[command] = shell(command.replace("--protocol paper", SHORT).replace("1234", pk or "1234"))
    assert any("Added to Family: 35" in text for text in said.values())
    assert "ENCUT = 520" in next(text for command, text in said.items() if "inputs/relax" in command)
    changed = next(text for command, text in said.items() if "changed/relax/Li3Hf2Si2PO12/INCAR" in command)
    assert "ENCUT = 600" in changed
    assert "LREAL" not in changed
    assert (tmp_path / "work" / "images.xyz").read_text().count("Lattice=") >= 4


def test_import_vasp_in_a_profile_of_verdi_presto(shell, tmp_path):
    from vasp_potcars import write_placeholders

    shutil.copytree(REAL, tmp_path / "runs")
    write_placeholders(["PAW_PBE Si 05Jan2001"], tmp_path / "potpaw")
    shell("verdi presto --use-zeromq --profile-name mine")
    shell("aiida-vasp potcar uploadfamily --path ~/potpaw --name PBE -D placeholders")
    judged, imported, listed = [shell(command) for command in commands("import-vasp.md")]
    assert "Runs that would be imported" in judged
    assert "unfinished: vasprun.xml ends early" in imported
    assert re.search(r"dataset \d+: 3 images \(3 by vasp 6\.4\.2\)", imported)
    assert listed.count("merge_images") == 2
