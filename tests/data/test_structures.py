"""Structures between pymatgen, AiiDA and the engine: nothing is lost, nothing is moved."""

import json

import numpy as np
import pytest
from aiida import orm
from pymatgen.core import Lattice, Structure

from aiida_hezsp.chemistry import decorate, parse_formula
from aiida_hezsp.data.structures import (
    structure_data_from_engine,
    structure_data_from_pymatgen,
    structure_to_engine,
)
from aiida_hezsp.errors import StructureError

TRICLINIC = Lattice([[4.1, 0.0, 0.0], [1.3, 5.2, 0.0], [-0.7, 0.4, 6.3]])


@pytest.fixture
def structure():
    """A triclinic cell; one site lies outside it, the order of species is mixed."""
    sites = [[0.1, 0.2, 0.3], [1.25, -0.3, 0.6], [1 / 3, 1 / 7, 0.9]]
    return Structure(TRICLINIC, ["O", "Li", "O"], sites)


def test_pymatgen_to_node_keeps_every_number(aiida_profile_clean, structure):
    node = structure_data_from_pymatgen(structure)
    np.testing.assert_array_equal(node.cell, structure.lattice.matrix)
    np.testing.assert_array_equal([site.position for site in node.sites], structure.cart_coords)
    assert [site.kind_name for site in node.sites] == ["O", "Li", "O"]
    assert node.pbc == (True, True, True)


def test_engine_round_trip_through_json_is_exact(aiida_profile_clean, structure):
    node = structure_data_from_pymatgen(structure)
    entry = json.loads(json.dumps(structure_to_engine(node)))
    assert set(entry) == {"symbols", "cell", "positions"}
    assert structure_to_engine(structure_data_from_engine(entry)) == entry
    np.testing.assert_array_equal(entry["positions"], structure.cart_coords)


def test_storing_keeps_fourteen_digits(aiida_profile_clean, structure):
    node = orm.load_node(structure_data_from_pymatgen(structure).store().uuid)
    np.testing.assert_allclose(structure_to_engine(node)["positions"], structure.cart_coords, rtol=1e-13)


def test_a_decorated_supercell_round_trips(aiida_profile_clean, family):
    composition = parse_formula(family, "Li3.5Zr0.5Hf0.5Al0.5Ge0.5Si2PO12")
    cell = decorate(family, composition, "supercell", 3)
    node = structure_data_from_pymatgen(cell)
    again = structure_data_from_engine(structure_to_engine(node)).get_pymatgen()
    assert again.composition == cell.composition
    assert len(node.kinds) == len(cell.composition.elements)
    np.testing.assert_allclose(again.cart_coords, cell.cart_coords, atol=1e-12)


def test_oxidation_states_are_dropped_not_made_into_symbols(aiida_profile_clean, structure):
    charged = structure.copy()
    charged.add_oxidation_state_by_element({"O": -2, "Li": 1})
    node = structure_data_from_pymatgen(charged)
    assert structure_to_engine(node)["symbols"] == ["O", "Li", "O"]
    assert node.get_formula() == "LiO2"


def test_kinds_with_names_of_their_own_go_to_the_engine_as_elements(aiida_profile_clean):
    """Plugins name kinds Fe1, Fe2 for different starting moments; the engine wants elements."""
    node = orm.StructureData(cell=[[4.0, 0, 0], [0, 4.0, 0], [0, 0, 4.0]])
    node.append_atom(symbols="Fe", name="Fe1", position=(0, 0, 0))
    node.append_atom(symbols="Fe", name="Fe2", position=(2, 2, 2))
    assert structure_to_engine(node)["symbols"] == ["Fe", "Fe"]


def test_partly_occupied_sites_are_refused_with_what_to_do(aiida_profile_clean):
    mixed = Structure(TRICLINIC, [{"Zr": 0.5, "Hf": 0.5}, "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    with pytest.raises(StructureError, match=r"partly occupied \(.*Zr"):
        structure_data_from_pymatgen(mixed)
    vacant = Structure(TRICLINIC, [{"Li": 0.75}, "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    with pytest.raises(StructureError, match="partly occupied"):
        structure_data_from_pymatgen(vacant)


def test_partly_occupied_nodes_are_refused_too(aiida_profile_clean):
    node = orm.StructureData(cell=[[4.0, 0, 0], [0, 4.0, 0], [0, 0, 4.0]])
    node.append_atom(symbols=["Zr", "Hf"], weights=[0.5, 0.5], name="M", position=(0, 0, 0))
    with pytest.raises(StructureError, match="partly occupied"):
        structure_to_engine(node)
