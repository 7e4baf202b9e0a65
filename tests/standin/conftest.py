"""A small Cu3Al cell as a VASP job, and the stand-in run in it with ASE's EMT."""

import io
from dataclasses import dataclass
from pathlib import Path

import pytest

from aiida_hezsp.standin.potcars import placeholder_potcar
from aiida_hezsp.standin.run import Options, run

POSCAR = """\
Cu3Al, pushed out of its minimum
1.0
3.70 0.00 0.00
0.05 3.75 0.00
0.00 0.10 3.80
Cu Al
3 1
Selective dynamics
Direct
0.50 0.51 0.00 T T T
0.50 0.00 0.50 T T T
0.02 0.50 0.50 T T T
0.00 0.00 0.00 T T T
"""

INCAR = {"ENCUT": 520, "ISPIN": 2, "MAGMOM": "3*0.6 0.6", "LORBIT": 11, "NSW": 0}

KPOINTS = "mesh\n0\nGamma\n2 2 2\n0 0 0\n"


@dataclass(frozen=True)
class Outcome:
    """Folder, exit status and stdout of a run."""

    folder: Path
    status: int
    stdout: str


@pytest.fixture
def write_inputs(tmp_path):
    def write(*, poscar=POSCAR, symbols=("Cu_pv", "Al"), kpoints=KPOINTS, folder=tmp_path, **incar):
        folder.mkdir(exist_ok=True)
        tags = {**INCAR, **incar}
        text = "".join(f"{tag} = {value}\n" for tag, value in tags.items() if value is not None)
        (folder / "INCAR").write_text(text)
        (folder / "POSCAR").write_text(poscar)
        (folder / "KPOINTS").write_text(kpoints)
        (folder / "POTCAR").write_text("".join(placeholder_potcar(symbol) for symbol in symbols))
        return folder

    return write


@pytest.fixture
def run_standin():
    def run_in(folder, **options):
        stdout = io.StringIO()
        status = run(folder, Options(**{"calculator": "emt", **options}), stdout)
        (folder / "vasp_output").write_text(stdout.getvalue())
        return Outcome(folder, status, stdout.getvalue())

    return run_in


@pytest.fixture
def standin(write_inputs, run_standin):
    """Write inputs with the given INCAR tags and run."""

    def run_with(options=None, **inputs):
        return run_standin(write_inputs(**inputs), **(options or {}))

    return run_with


@pytest.fixture
def poscar_text():
    return POSCAR
