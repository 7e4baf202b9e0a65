import json
import re
from fractions import Fraction

import pytest

from aiida_hezsp.chemistry import Composition, parse_formula
from aiida_hezsp.errors import CompositionError

QUARTER = Fraction(1, 4)


def test_the_host(family):
    host = Composition.of(family, {"Zr": Fraction(1)})
    assert (host.formula, host.x_li, host.s_config, host.type) == ("Li3Zr2Si2PO12", 3, 0, None)
    assert host.sites("primitive") == {"Li": 6, "Zr": 4, "Si": 4, "P": 2, "O": 24}
    assert sum(host.sites("supercell").values()) == 160


@pytest.mark.parametrize(("dopant", "content"), [("Mg", 4), ("Al", 3.5), ("Hf", 3), ("Nb", 2.5)])
def test_charge_balance_by_hand(family, dopant, content):
    assert Composition.of(family, {"Zr": 3 * QUARTER, dopant: QUARTER}).x_li == content


def test_charge_sums_to_zero(family):
    """Independent of the formula for x_Li: add up all charges of the supercell."""
    composition = parse_formula(family, "Li2.625Zr0.5Hf0.375Sn0.375Ti0.375Nb0.375Si2PO12")
    charges = {"Li": 1, "Zr": 4, "Hf": 4, "Sn": 4, "Ti": 4, "Nb": 5, "Si": 4, "P": 5, "O": -2}
    assert sum(charges[element] * count for element, count in composition.sites("supercell").items()) == 0
    assert composition.sites("supercell")["Li"] == 21  # SCIENCE, section 5


def test_order_is_the_familys(family):
    composition = Composition.of(family, dict.fromkeys(("Nb", "Hf", "Ge", "Al"), QUARTER))
    assert composition.elements == ("Al", "Ge", "Hf", "Nb")
    again = Composition.of(family, dict.fromkeys(("Al", "Nb", "Hf", "Ge"), QUARTER))
    assert composition == again
    assert len({composition, again}) == 1


def test_types(family):
    assert parse_formula(family, "Li3.5Zr0.5Hf0.5Al0.5Ge0.5Si2PO12").type == "4-1"
    sixteenth = Fraction(1, 16)
    # 6-2 is (4, 2, 2, 2, 3, 3); with 3 of the host and 4 of a dopant it is no type
    fractions = dict(zip(("Zr", "Ti", "Ge", "Sn", "Hf", "Ce"), (4, 3, 2, 2, 2, 3), strict=True))
    assert Composition.of(family, {e: n * sixteenth for e, n in fractions.items()}).type == "6-2"
    fractions = {**fractions, "Zr": 3, "Ti": 4}
    assert Composition.of(family, {e: n * sixteenth for e, n in fractions.items()}).type is None
    assert Composition.of(family, {"Hf": Fraction(1)}).type is None


def test_as_dict_is_json(family):
    composition = parse_formula(family, "Li2.625Zr0.5Hf0.375Sn0.375Ti0.375Nb0.375Si2PO12")
    known = json.loads(json.dumps(composition.as_dict(), allow_nan=False))
    assert known == composition.as_dict()
    assert set(known) == {
        "formula", "family", "label", "elements", "n_elements", "type", "x_li", "s_config", "entropy_class",
        "site_fractions",
    }  # fmt: skip
    assert known["label"] == "Li2p625Zr0p5Ti0p375Sn0p375Hf0p375Nb0p375Si2PO12"
    assert re.fullmatch("[A-Za-z0-9_]+", known["label"])
    assert (known["type"], known["entropy_class"], known["n_elements"]) == ("5-1", "high", 5)


def test_no_whole_atoms(family):
    composition = parse_formula(family, "Li3Zr1.9Hf0.1Si2PO12")
    with pytest.raises(CompositionError, match=r"does not fit the supercell: it would hold 15\.2 Zr"):
        composition.sites("supercell")


@pytest.mark.parametrize(
    ("fractions", "message"),
    [
        ({"Zr": Fraction(1, 2)}, "add up to 0.5, not 1"),
        ({"Zr": Fraction(3, 2), "Hf": Fraction(-1, 2)}, "fraction of Hf is negative"),
        ({"Zr": Fraction(1, 2), "W": Fraction(1, 2)}, "W is not an element of the Zr site"),
        ({"Mg": Fraction(1)}, "asks for 7 Li per formula unit, outside the 0 to 4"),
        ({}, "add up to 0, not 1"),
    ],
)
def test_refused(family, fractions, message):
    with pytest.raises(CompositionError, match=message):
        Composition.of(family, fractions)
