import numpy as np
import pytest
from ase import units
from pymatgen.core import Lattice, Structure
from pymatgen.io.vasp import Poscar as PymatgenPoscar

from aiida_hezsp.errors import StandinError
from aiida_hezsp.standin.poscar import read_poscar, write_contcar


@pytest.fixture
def structure():
    rng = np.random.default_rng(0)
    lattice = Lattice.from_parameters(4, 5, 6, 80, 95, 110)
    return Structure(lattice, ["Li", "Li", "O", "P"], rng.random((4, 3)))


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        path = tmp_path / "POSCAR"
        path.write_text(text)
        return read_poscar(path)

    return read_text


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize("selective", [None, [[True, False, True]] * 4])
def test_reads_what_pymatgen_writes(structure, read, direct, selective):
    text = PymatgenPoscar(structure, selective_dynamics=selective).get_str(direct=direct, significant_figures=16)
    poscar = read(text)
    assert poscar.species == ("Li", "O", "P")
    assert poscar.counts == (2, 1, 1)
    assert poscar.cell == pytest.approx(structure.lattice.matrix)
    assert poscar.positions == pytest.approx(structure.frac_coords)
    assert (poscar.movable is None) == (selective is None)
    if selective is not None:
        assert poscar.movable.tolist() == selective


def test_scaling_factors(read):
    body = "\n1 0 0\n0 1 0\n0 0 2\nSi\n1\nCartesian\n0.5 0 0\n"
    assert read(f"x\n3.0{body}").cell == pytest.approx(np.diag([3.0, 3.0, 6.0]))
    assert read(f"x\n3.0{body}").positions == pytest.approx(np.array([[0.5, 0, 0]]))
    assert read(f"x\n-54.0{body}").cell == pytest.approx(np.diag([3.0, 3.0, 6.0]))
    assert read(f"x\n1 2 3{body}").cell == pytest.approx(np.diag([1.0, 2.0, 6.0]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x\n1.0\n1 0 0\n0 1 0\n0 0 1\n1\nDirect\n0 0 0\n", "VASP 5"),
        ("x\n1.0\n1 0 0\n0 1 0\n0 0 1\nSi O\n1\nDirect\n0 0 0\n", "2 species"),
        ("x\n1.0\n1 0 0\n0 1 0\n0 0 1\nSi\n2\nDirect\n0 0 0\n", "fewer coordinates"),
        ("x\n1.0 1.0\n1 0 0\n0 1 0\n0 0 1\nSi\n1\nDirect\n0 0 0\n", "1 or 3 items"),
        ("x\n1.0\n1 0 0\n1 0 0\n0 0 1\nSi\n1\nDirect\n0 0 0\n", "no volume"),
        ("x\n1.0\n1 0 0\n0 1 0\n0 0 1\nSi\n1\nDirect\n0 0 here\n", "here"),
        ("x\n1.0\n", "POSCAR"),
        ("", "POSCAR"),
    ],
)
def test_broken_files_are_refused(read, text, message):
    with pytest.raises(StandinError, match=message):
        read(text)


def test_velocities_in_both_modes(structure, read):
    velocities = np.random.default_rng(1).normal(size=(4, 3)) * 1e-2
    text = PymatgenPoscar(structure, velocities=velocities.tolist()).get_str(significant_figures=16)
    assert read(text).velocities == pytest.approx(velocities, abs=1e-8)
    direct = PymatgenPoscar(structure).get_str() + "Direct\n" + "0.1 0 0\n" * 4
    assert read(direct).velocities == pytest.approx(np.tile(0.1 * structure.lattice.matrix[0], (4, 1)))


def test_atoms_carry_velocities_and_constraints(structure, read):
    flags = [[True, True, True], [False, False, False], [True, False, True], [True, True, True]]
    velocities = np.full((4, 3), 1e-3)
    text = PymatgenPoscar(structure, selective_dynamics=flags, velocities=velocities.tolist()).get_str()
    atoms = read(text).atoms(("Li", "O", "P"))
    assert atoms.get_chemical_symbols() == ["Li", "Li", "O", "P"]
    assert atoms.get_velocities()[0] * units.fs == pytest.approx(velocities[0])
    assert [constraint.index.tolist() for constraint in atoms.constraints] == [[1], [2]]


def test_contcar_is_read_by_pymatgen_and_by_us(structure, read, tmp_path):
    velocities = np.random.default_rng(1).normal(size=(4, 3)) * 1e-2
    poscar = read(PymatgenPoscar(structure, selective_dynamics=[[True] * 3] * 4).get_str())
    atoms = poscar.atoms(("Li", "O", "P"))
    atoms.set_velocities(velocities / units.fs)
    path = tmp_path / "CONTCAR"
    write_contcar(path, atoms, poscar, "a comment", timestep=1.0)
    theirs = PymatgenPoscar.from_file(path, check_for_potcar=False)
    assert theirs.comment == "a comment"
    assert np.array(theirs.velocities) == pytest.approx(velocities, abs=1e-9)
    ours = read_poscar(path)
    assert ours.positions == pytest.approx(poscar.positions % 1.0, abs=1e-12)
    assert ours.velocities == pytest.approx(velocities, abs=1e-9)
