from collections import Counter

import pytest
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from aiida_hezsp.families.lzsp.parent import (
    SITES,
    apply_ordering,
    distinct_orderings,
    parent_conventional,
    parent_primitive,
)


@pytest.fixture(scope="module")
def parent():
    return parent_primitive()


def test_conventional_cell_is_the_published_one():
    cell = parent_conventional()
    found = SpacegroupAnalyzer(cell, symprec=1e-3).get_symmetrized_structure()
    assert found.spacegroup.int_symbol == "R-3c"
    by_wyckoff = Counter((sites[0].specie.symbol, len(sites)) for sites in found.equivalent_sites)
    assert by_wyckoff == Counter((element, int(wyckoff[:-1])) for element, wyckoff, _ in SITES)
    assert found.lattice.abc == pytest.approx((9.1863, 9.1863, 22.181))
    assert sorted(found.wyckoff_symbols) == ["12c", "18e", "18e", "36f", "36f", "6b"]


def test_primitive_cell(parent):
    assert parent.composition.formula == "Li8 Zr4 Si6 O24"
    assert parent.volume == pytest.approx(parent_conventional().volume / 3)
    assert SpacegroupAnalyzer(parent, symprec=1e-3).get_space_group_number() == 167


def test_coordination_of_the_parent(parent):
    """ZrO6 and TO4: the published coordinates were copied without a slip."""
    for site in parent:
        if site.specie.symbol in {"Zr", "Si"}:
            oxygen = sorted(n.nn_distance for n in parent.get_neighbors(site, 2.6) if n.specie.symbol == "O")
            number, low, high = (6, 2.0, 2.2) if site.specie.symbol == "Zr" else (4, 1.5, 1.7)
            assert len(oxygen) == number
            assert low < oxygen[0] <= oxygen[-1] < high


def test_orderings_cover_all(parent):
    orderings = distinct_orderings(parent)
    assert sum(count for _, count in orderings) == 15 * 28
    assert all(12 % count == 0 for _, count in orderings)  # orbits of a group of 12 operations
    assert len(orderings) == 42


def test_equivalent_orderings_have_the_same_distances(parent):
    """Two members of one orbit are related by a symmetry operation; members of different orbits may not be merged."""
    (filled, phosphorus), _ = distinct_orderings(parent)[0]
    structure = apply_ordering(parent, (filled, phosphorus))
    assert structure.composition.formula == "Li6 Zr4 Si4 P2 O24"
    assert len(structure) == 40
