from collections import Counter

import numpy as np
import pytest

from aiida_hezsp.chemistry import decorate, parse_formula, space
from aiida_hezsp.errors import CompositionError

LZHSTNSP = "Li2.625Zr0.5Hf0.375Sn0.375Ti0.375Nb0.375Si2PO12"


@pytest.mark.parametrize(("formula", "cell"), [(LZHSTNSP, "supercell"), ("Li4Zr1.5Mg0.5Si2PO12", "primitive")])
def test_right_atoms_on_the_right_sites(family, formula, cell):
    composition = parse_formula(family, formula)
    structure = decorate(family, composition, cell, seed=1)
    symbols = [site.specie.symbol for site in structure]
    assert Counter(symbols) == composition.sites(cell)
    kinds = dict(zip(symbols, structure.site_properties["site"], strict=True))
    assert kinds["Li"] == "mobile"
    assert {element for element, kind in kinds.items() if kind == "substituted"} == set(composition.elements)
    template = family.template(cell)
    for kind, elements in (("mobile", {"Li"}), ("substituted", set(composition.elements))):
        places = [s.frac_coords for s in template if s.properties["site"] == kind]
        found = [s.frac_coords for s in structure if s.specie.symbol in elements]
        distances = template.lattice.get_all_distances(found, places)
        assert (distances.min(axis=1) < 1e-6).all()
        assert len(set(distances.argmin(axis=1))) == len(found)


def test_grouped_by_element_in_the_formulas_order(family):
    composition = parse_formula(family, LZHSTNSP)
    symbols = [site.specie.symbol for site in decorate(family, composition, "supercell", seed=1)]
    assert list(dict.fromkeys(symbols)) == list(composition.sites("supercell"))
    assert symbols == sorted(symbols, key=list(composition.sites("supercell")).index)


def test_the_seed_decides_and_nothing_else(family):
    compositions = space(family, "training")
    first = [decorate(family, composition, "primitive", seed=5) for composition in compositions]
    again = [decorate(family, composition, "primitive", seed=5) for composition in compositions[::-1]][::-1]
    assert first == again
    other = [decorate(family, composition, "primitive", seed=6) for composition in compositions]
    assert first != other


def test_recorded_configuration(family):
    """Configurations must stay what they were: results refer to them by seed."""
    composition = parse_formula(family, LZHSTNSP)
    structure = decorate(family, composition, "supercell", seed=1)
    places = [site.frac_coords for site in family.template("supercell") if site.properties["site"] == "substituted"]
    niobium = [site.frac_coords for site in structure if site.specie.symbol == "Nb"]
    chosen = structure.lattice.get_all_distances(niobium, places).argmin(axis=1).tolist()
    assert chosen == [4, 9, 14]


def test_sites_are_drawn_evenly(family):
    """Each Li site of the primitive cell is empty as often as another (chi squared, 7 degrees of freedom)."""
    host = parse_formula(family, "Li3Zr2Si2PO12")
    places = [site.frac_coords for site in family.template() if site.properties["site"] == "mobile"]
    counts = np.zeros(8)
    for seed in range(200):
        lithium = [site.frac_coords for site in decorate(family, host, "primitive", seed) if site.specie.symbol == "Li"]
        distances = family.template().lattice.get_all_distances(places, lithium).min(axis=1)
        counts += distances < 1e-6
    assert counts.sum() == 200 * 6
    assert ((counts - 150) ** 2 / (150 * 0.25)).sum() * 7 / 8 < 24.3  # p = 0.001


def test_full_cell(family):
    structure = decorate(family, parse_formula(family, "Li4Zr1.5Mg0.5Si2PO12"), "primitive", seed=1)
    assert structure.composition["Li"] == 8


def test_no_whole_atoms(family):
    with pytest.raises(CompositionError, match="does not fit the primitive"):
        decorate(family, parse_formula(family, LZHSTNSP), "primitive", seed=1)


def test_another_family(family):
    other = type(family).from_dict({**family.to_dict(), "name": "other"})
    with pytest.raises(CompositionError, match="is of family lzsp, not other"):
        decorate(other, parse_formula(family, LZHSTNSP), "supercell", seed=1)
