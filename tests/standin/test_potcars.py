import warnings

import pytest
from pymatgen.core import Element, Lattice, Structure
from pymatgen.io.vasp import PotcarSingle
from pymatgen.io.vasp.sets import MPRelaxSet

from aiida_hezsp.standin.potcars import FAMILY, VALENCE_ELECTRONS, placeholder_potcar, write_placeholder_potcars


def test_every_element_of_the_family_has_the_potential_of_mprelaxset(family):
    structure = family.template("primitive")
    elements = {site.specie.symbol for site in structure} | set(family.dopants)
    wanted = {MPRelaxSet(Structure(Lattice.cubic(4), [element], [[0, 0, 0]])).potcar_symbols[0] for element in elements}
    assert wanted <= set(VALENCE_ELECTRONS)


@pytest.mark.parametrize("symbol", VALENCE_ELECTRONS)
def test_pymatgen_and_parsevasp_read_it(symbol, tmp_path):
    from parsevasp.potcar import Potcar

    text = placeholder_potcar(symbol)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        single = PotcarSingle(text)
    assert (single.symbol, single.element, single.zval) == (symbol, symbol.split("_")[0], VALENCE_ELECTRONS[symbol])
    assert (single.functional, single.potential_type) == ("PBE", "PAW")
    path = tmp_path / "POTCAR"
    path.write_text(text)
    theirs = Potcar(file_path=str(path))
    assert (theirs.symbol, theirs.zval) == (symbol, VALENCE_ELECTRONS[symbol])


@pytest.mark.parametrize("symbol", VALENCE_ELECTRONS)
def test_valence_electrons_leave_a_closed_core(symbol):
    """What is not valence is a full set of shells: a noble gas, or one with a filled d (and f) shell or p removed."""
    core = Element(symbol.split("_")[0]).Z - VALENCE_ELECTRONS[symbol]
    noble = (0, 2, 10, 18, 36, 54)
    with_shells = {gas + extra for gas in noble for extra in (0, 2, 10, 14, 24)} | {12, 30, 48, 62}
    assert core in with_shells


def test_layout_is_the_one_uploadfamily_reads(tmp_path):
    root = write_placeholder_potcars(tmp_path)
    assert root == tmp_path / FAMILY
    assert {path.parent.name for path in root.glob("*/POTCAR")} == set(VALENCE_ELECTRONS)


def test_text_says_that_it_is_a_placeholder():
    assert "PLACEHOLDER of the hezsp VASP stand-in" in placeholder_potcar("Li_sv")
