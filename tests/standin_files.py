"""Runs of the VASP stand-in in a folder, read by aiida-vasp's own parser as a job's files would be; no job is run."""

import io
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from aiida import orm
from aiida.common import LinkType

from aiida_hezsp.standin.potcars import placeholder_potcar
from aiida_hezsp.standin.run import Options, run

FILES = ("vasprun.xml", "OUTCAR", "CONTCAR", "vasp_output")
PARSER_SETTINGS = {"include_node": ["trajectory", "energies"], "check_completeness": False}


def write_inputs(folder, atoms, **incar):
    """Write the four files of a VASP job; `atoms` sorted by element."""
    from ase.io import write

    write(folder / "POSCAR", atoms, format="vasp", vasp5=True, sort=False)
    (folder / "INCAR").write_text("".join(f"{tag} = {value}\n" for tag, value in incar.items()))
    (folder / "KPOINTS").write_text("mesh\n0\nGamma\n1 1 1\n0 0 0\n")
    elements = list(dict.fromkeys(atoms.get_chemical_symbols()))
    names = {"Li": "Li_sv", "Cu": "Cu_pv"}
    (folder / "POTCAR").write_text("".join(placeholder_potcar(names.get(symbol, symbol)) for symbol in elements))


def retrieved_of(folder):
    """Return the files of a run as AiiDA keeps them."""
    node = orm.FolderData()
    for name in FILES:
        node.base.repository.put_object_from_filelike(io.BytesIO((folder / name).read_bytes()), name)
    return node


def parsed(computer, retrieved, **incar):
    """Return what aiida-vasp's parser makes of retrieved files: outputs by name, and the exit status."""
    from aiida_vasp.parsers.vasp import VaspParser

    node = orm.CalcJobNode(computer=computer, process_type="aiida.calculations:vasp.vasp")
    node.set_option("resources", {"num_machines": 1})
    for label, value in (
        ("settings", {"parser_settings": PARSER_SETTINGS}),
        ("parameters", {tag.lower(): value for tag, value in incar.items()}),
    ):
        node.base.links.add_incoming(orm.Dict(value).store(), LinkType.INPUT_CALC, label)
    node.store()
    retrieved.base.links.add_incoming(node, LinkType.CREATE, "retrieved")
    retrieved.store()
    parser = VaspParser(node)
    code = parser.parse()
    return dict(parser.outputs), 0 if code is None else code.status


def standin_run(computer, atoms, *, edit=None, options=None, **incar):
    """Run the stand-in with EMT; return trajectory (None where the run was killed), retrieved files and exit status.

    `edit` may change the text of vasprun.xml before it is read.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder, atoms, **incar)
        stdout = io.StringIO()
        run(folder, Options(calculator="emt", **(options or {})), stdout)
        (folder / "vasp_output").write_text(stdout.getvalue())
        if edit is not None:
            path = folder / "vasprun.xml"
            path.write_text(edit(path.read_text()))
        retrieved = retrieved_of(folder)
    outputs, status = parsed(computer, retrieved, **incar)
    return SimpleNamespace(trajectory=outputs.get("trajectory"), retrieved=retrieved, status=status)


def shaken_aluminium(seed=1, strain=None):
    """Return fcc Al, four atoms, shaken, and strained by a matrix (3, 3)."""
    from ase.build import bulk

    atoms = bulk("Al", cubic=True)
    atoms.rattle(0.08, seed=seed)
    atoms.set_cell(atoms.cell[:] @ (np.eye(3) + (np.zeros((3, 3)) if strain is None else strain)), scale_atoms=True)
    return atoms
