import json

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given
from hypothesis import strategies as st

from aiida_hezsp.engine.structures import atoms_from_entry, entry_from_atoms, read_structures, write_structures
from aiida_hezsp.errors import HezspError, StructureError

GOOD = {"symbols": ["Li", "F"], "cell": [[3, 0, 0], [0, 3, 0], [0, 0, 3]], "positions": [[0, 0, 0], [1.5, 1.5, 1.5]]}


def test_round_trip_is_exact(tmp_path):
    rng = np.random.default_rng(0)
    atoms = Atoms("LiZrO", positions=rng.random((3, 3)) / 3, cell=rng.random((3, 3)) * 9, pbc=True)
    write_structures(tmp_path / "structures.json", {"Li3p5_x": atoms})
    again = read_structures(tmp_path / "structures.json")["Li3p5_x"]
    assert again.get_chemical_symbols() == ["Li", "Zr", "O"]
    np.testing.assert_array_equal(again.positions, atoms.positions)
    np.testing.assert_array_equal(again.cell.array, atoms.cell.array)
    assert again.pbc.all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"symbols": ["Li"]}, "1 symbols and 2 positions"),
        ({"symbols": []}, "symbols"),
        ({"symbols": ["Li", "Xx"]}, "knows no element Xx"),
        ({"symbols": ["Li", "Am"]}, "knows no element Am"),
        ({"cell": [[3, 0, 0], [6, 0, 0], [0, 0, 3]]}, "no volume"),
        ({"cell": [[3, 0, 0], [0, 3, 0]]}, "cell"),
        ({"positions": [[0, 0], [1, 1, 1]]}, r"positions\.0"),
        ({"positions": [[0, 0, "nan"], [1, 1, 1]]}, r"positions\.0\.2"),
        ({"pbc": True}, "pbc"),
    ],
)
def test_wrong_entries_are_named(change, message):
    with pytest.raises(StructureError, match=message):
        atoms_from_entry("x", {**GOOD, **change})


def test_labels_cannot_leave_the_folder():
    for label in ("../x", "a/b", "", "a b"):
        with pytest.raises(StructureError, match="letters, digits and underscores"):
            atoms_from_entry(label, GOOD)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["symbols", "cell", "positions", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON)
def test_whatever_a_file_holds_only_our_errors_are_raised(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "structures.json"
    path.write_text(json.dumps(content))
    with pytest.raises(HezspError):
        read_structures(path)


def test_entry_of_atoms_is_an_entry():
    assert entry_from_atoms(atoms_from_entry("x", GOOD)) == {**GOOD, "cell": [[3.0, 0, 0], [0, 3.0, 0], [0, 0, 3.0]]}
