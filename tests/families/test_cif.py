import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from aiida_hezsp.errors import StructureError
from aiida_hezsp.families.cif import read_cif, write_cif


def test_nothing_is_lost(tmp_path):
    """Ten digits, and a coordinate near a third stays where it is (pymatgen would move it)."""
    lattice = Lattice.from_parameters(9.1234567, 9.2345678, 9.3456789, 60.12345, 60.54321, 59.98765)
    structure = Structure(lattice, ["Li", "O"], [[0.33333999, 0.1, 0.2], [0.66661234, 0.49999321, 0.9]])
    write_cif(tmp_path / "x.cif", structure)
    again = read_cif(tmp_path / "x.cif")
    assert [site.specie.symbol for site in again] == ["Li", "O"]
    assert np.abs(again.cart_coords - structure.cart_coords).max() < 1e-6


def test_partial_occupancy_is_refused(tmp_path):
    structure = Structure(Lattice.cubic(4), [{"Li": 0.5, "Na": 0.5}], [[0, 0, 0]])
    write_cif(tmp_path / "x.cif", structure)
    with pytest.raises(StructureError, match="partial occupancies"):
        read_cif(tmp_path / "x.cif")


def test_huge_file_is_refused(tmp_path):
    path = tmp_path / "x.cif"
    path.write_bytes(b"#" * 2_000_001)
    with pytest.raises(StructureError, match="larger than"):
        read_cif(path)
