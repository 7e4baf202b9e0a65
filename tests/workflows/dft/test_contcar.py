"""CONTCAR after MD: read where it is whole, refused where a run cannot be continued from it."""

import io

import numpy as np
import pytest
from aiida import orm
from pymatgen.core import Lattice, Structure
from pymatgen.io.vasp.inputs import Poscar

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.workflows.dft.contcar import contcar_positions

# As VASP 6 writes it at the end of MD: velocities, key, POTIM, thermostat, predictor and corrector.
TRAILER = (
    "\n           1\n  0.100000000000000E+01\n  0.1E+00  0.2E-03  0.0E+00  0.0E+00\n"
    + "  0.1E+00  0.0E+00  0.1E+00\n" * 6
)


def folder(text):
    node = orm.FolderData()
    if text is not None:
        node.base.repository.put_object_from_filelike(io.BytesIO(text.encode()), "CONTCAR")
    return node


@pytest.fixture
def text():
    structure = Structure(Lattice.cubic(4.0), ["Li", "O"], [[0.1, 0.2, 0.3], [0.9, 0.5, 0.0]])
    return Poscar(structure, velocities=[[1e-3, 0, -2e-3], [0, 1e-4, 0]]).get_str(significant_figures=16)


@pytest.mark.parametrize("trailer", ["", TRAILER])
def test_positions_of_a_whole_file(aiida_profile_clean, text, trailer):
    found = contcar_positions(folder(text + trailer))
    np.testing.assert_allclose(found, [[0.1, 0.2, 0.3], [0.9, 0.5, 0.0]])


def test_what_a_run_cannot_be_continued_from(aiida_profile_clean, text):
    lines = text.splitlines()
    for content, message in (
        (None, "there is no CONTCAR"),
        ("", "cut off"),
        ("\n".join(lines[:9]), "cut off"),
        ("\n".join(lines[:10]), "no velocities"),
        ("\n".join(lines[:-1]), "no velocities|cut off"),
    ):
        with pytest.raises(TrajectoryError, match=message):
            contcar_positions(folder(content))
