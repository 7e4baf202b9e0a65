from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiida_hezsp.chemistry import Composition, parse_formula
from aiida_hezsp.errors import CompositionError, FormulaError
from aiida_hezsp.families import load_family
from aiida_hezsp.families.elements import split_formula

FAMILY = load_family("lzsp")


@st.composite
def compositions(draw):
    """Any composition of the supercell's grid that charge balance allows."""
    elements = draw(st.lists(st.sampled_from(list(FAMILY.charges)), min_size=1, max_size=8, unique=True))
    cuts = sorted(
        draw(st.lists(st.integers(1, 15), min_size=len(elements) - 1, max_size=len(elements) - 1, unique=True))
    )
    counts = [high - low for low, high in zip([0, *cuts], [*cuts, 16], strict=True)]
    fractions = {element: Fraction(count, 16) for element, count in zip(elements, counts, strict=True)}
    try:
        return Composition.of(FAMILY, fractions)
    except CompositionError:
        return Composition.of(FAMILY, {"Zr": Fraction(1)})


@given(compositions())
def test_round_trip(composition):
    again = parse_formula(FAMILY, composition.formula)
    assert again == composition
    assert again.formula == composition.formula


@given(compositions(), st.randoms(use_true_random=False))
def test_order_of_elements_does_not_matter(composition, random):
    parts = [element + amount for element, amount in split_formula(composition.formula).items()]
    random.shuffle(parts)
    assert parse_formula(FAMILY, "".join(parts)) == composition


PIECES = st.sampled_from(
    ["Li", "Zr", "Si2", "P", "O12", "Nb", "0.5", ".", "-", "1e5", "(", " ", "\n", "Xx", "999999999"]
)


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join)))
def test_garbage_raises_only_our_errors(text):
    problem = ""
    try:
        parse_formula(FAMILY, text)
    except (FormulaError, CompositionError) as error:
        problem = str(error)
    assert "\n" not in problem


@given(
    st.dictionaries(
        st.sampled_from(["Li", *FAMILY.charges, *FAMILY.fixed]),
        st.decimals(0, 20, places=3).map(str),
        max_size=8,
    )
)
def test_what_is_accepted_is_neutral_and_full(amounts):
    try:
        composition = parse_formula(FAMILY, "".join(element + amount for element, amount in amounts.items()))
    except (FormulaError, CompositionError):
        return
    assert sum(composition.site_fractions.values()) == 1
    assert composition.x_li == Fraction(amounts.get("Li", 0))


def test_misprint_of_the_paper():
    with pytest.raises(FormulaError) as caught:
        parse_formula(FAMILY, "Li2.625Zr0.25Hf0.1875Sn0.1875Ti0.1875Nb0.1875Si2PO12")
    message = str(caught.value)
    assert "Zr-site amounts add up to 1 where the formula unit has 2 sites" in message
    assert "probably Li2.625Zr0.5Hf0.375Sn0.375Ti0.375Nb0.375Si2PO12 was meant" in message


def test_no_guess_where_doubling_is_not_neutral():
    with pytest.raises(FormulaError, match=r"add up to 1 where the formula unit has 2 sites$"):
        parse_formula(FAMILY, "Li3Zr0.5Nb0.5Si2PO12")


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", FormulaError, "the formula is empty"),
        ("Li3Zz2Si2PO12", FormulaError, "unknown element 'Zz'"),
        ("Li3Zr1.5W0.5Si2PO12", FormulaError, "W not in family lzsp"),
        ("Na3Zr2Si2PO12", FormulaError, "Na not in family lzsp"),
        ("Li3Zr2Si3P2O12", FormulaError, "the framework of lzsp is Si2PO12, the formula has Si3P2O12"),
        ("Li3Zr2", FormulaError, "the formula has nothing of it"),
        ("Li3Zr2Si2PO", FormulaError, "the formula has Si2PO$"),
        ("Li6Zr4Si4P2O24", FormulaError, "is 2 formula units; write one, Li3Zr2Si2PO12"),
        ("Li1.5ZrSiP.5O6", FormulaError, "is 0.5 formula units; write one, Li3Zr2Si2PO12"),
        ("Li3Zr1.9Si2PO12", FormulaError, r"add up to 1\.9 where the formula unit has 2 sites"),
        ("Li3Zr2Nb0Si2PO12", FormulaError, "the amount of Nb is zero"),
        ("Li3.5Zr1.5Nb0.5Si2PO12", CompositionError, r"not balanced \(\+1 per formula unit\); Li2.5 would balance"),
        ("Zr2Si2PO12", CompositionError, r"not balanced \(-3 per formula unit\); Li3 would balance it"),
        ("Li5ZrMgSi2PO12", CompositionError, "asks for 5 Li per formula unit, outside the 0 to 4"),
        ("Li" * 300, FormulaError, "600 characters"),
    ],
)
def test_refused_with_one_clear_line(text, error, message):
    with pytest.raises(error, match=message):
        parse_formula(FAMILY, text)


def test_decimals_of_the_grid_are_read_exactly():
    """Within 5e-4 of a multiple of 1/8 per formula unit; the result is exact."""
    composition = parse_formula(FAMILY, "Li2.6250Zr0.5003Hf0.3749Sn0.375Ti0.375Nb0.3748Si2PO12")
    assert composition.site_fractions["Zr"] == Fraction(1, 4)
    assert composition.site_fractions["Nb"] == Fraction(3, 16)
    with pytest.raises(FormulaError, match="add up to"):
        parse_formula(FAMILY, "Li2.625Zr0.51Hf0.375Sn0.375Ti0.375Nb0.375Si2PO12")
