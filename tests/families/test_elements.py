import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiida_hezsp.errors import FormulaError
from aiida_hezsp.families.elements import atomic_number, split_formula


def test_atomic_numbers():
    assert [atomic_number(symbol) for symbol in ("H", "Zr", "Bi", "X", "Xx", "")] == [1, 40, 83, None, None, None]


def test_split():
    assert split_formula("Li2.625Zr.5O12P") == {"Li": "2.625", "Zr": ".5", "O": "12", "P": ""}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("li3", "cannot read 'li3' at character 1"),
        ("Li3-x", r"cannot read '-x' at character 4"),
        ("Li-1O", "cannot read"),
        ("Li(OH)2", "cannot read"),
        ("Jq2", "unknown element 'Jq'"),
        ("LiOLi", "Li comes twice"),
        ("Li1.2.3", r"cannot read '\.3'|comes twice"),
    ],
)
def test_refused(text, message):
    with pytest.raises(FormulaError, match=message):
        split_formula(text)


@given(st.text(max_size=40))
def test_garbage_gives_one_clear_line(text):
    problem = ""
    try:
        split_formula(text)
    except FormulaError as error:
        problem = str(error)
    assert "\n" not in problem
