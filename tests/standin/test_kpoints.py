import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.io.vasp import Kpoints as PymatgenKpoints

from aiida_hezsp.errors import StandinError
from aiida_hezsp.standin.kpoints import from_spacing, read_kpoints


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        path = tmp_path / "KPOINTS"
        path.write_text(str(text))
        return read_kpoints(path)

    return read_text


def full_mesh_average(function, divisions, *, gamma):
    axes = [np.arange(n) / n if gamma else (2 * np.arange(n) + 1 - n) / (2 * n) for n in divisions]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    return function(grid).mean()


@pytest.mark.parametrize("divisions", [(1, 1, 1), (2, 2, 2), (3, 2, 1), (4, 5, 3)])
@pytest.mark.parametrize("gamma", [True, False])
def test_reduced_mesh_integrates_like_the_full_one(read, divisions, gamma):
    maker = PymatgenKpoints.gamma_automatic if gamma else PymatgenKpoints.monkhorst_automatic
    kpoints = read(maker(divisions))
    assert kpoints.weights.sum() == pytest.approx(1.0)
    assert len(kpoints.points) <= np.prod(divisions) // 2 + 4

    def even(k):  # any function with f(k) = f(-k), periodic
        return np.cos(2 * np.pi * k @ np.array([1, 2, 1])) + np.cos(4 * np.pi * k[:, 0]) * np.cos(2 * np.pi * k[:, 2])

    assert kpoints.weights @ even(kpoints.points) == pytest.approx(full_mesh_average(even, divisions, gamma=gamma))


def test_spacing_as_vasp_defines_it():
    kpoints = from_spacing(0.5, np.diag([3.0, 6.0, 30.0]), gamma=True)
    assert kpoints.divisions == (5, 3, 1)


def test_mprelaxset_kpoints_are_read(read):
    structure = Structure(Lattice.hexagonal(5, 9), ["Li"], [[0, 0, 0]])
    mesh = PymatgenKpoints.automatic_density(structure, 1000)
    assert read(mesh).divisions == tuple(mesh.kpts[0])


def test_explicit_list(read):
    kpoints = read("list\n2\nReciprocal\n0 0 0 1\n0.5 0 0 3\n")
    assert kpoints.weights.tolist() == [0.25, 0.75]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x\n0\nLine\n",
        "x\n2\nLine-mode\n0 0 0\n",
        "x\n0\nGamma\n2 2\n",
        "x\n0\nG\n0 1 1\n",
        "x\n0\nG\n999 999 999\n",
        "x\n2\nR\n0 0 0 1\n",
    ],
)
def test_what_it_cannot_read_is_refused(read, text):
    with pytest.raises(StandinError, match="KPOINTS"):
        read(text)
