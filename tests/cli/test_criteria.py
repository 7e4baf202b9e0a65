import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiida_hezsp.cli.criteria import ELEMENTS, RANGE

numbers = st.floats(-1e6, 1e6, allow_nan=False)


@given(low=st.none() | numbers, high=st.none() | numbers)
def test_ranges_come_back(low, high):
    text = f"{'' if low is None else repr(low)}..{'' if high is None else repr(high)}"
    empty = low is not None and high is not None and low > high
    if text == ".." or empty:
        with pytest.raises(click.BadParameter):
            RANGE.convert(text, None, None)
    else:
        assert RANGE.convert(text, None, None) == (low, high)


@pytest.mark.parametrize("text", ["", "..", "a..b", "1..2..3", "2,5", "1 to 2", "nan..", "--1.."])
def test_what_is_no_range_is_refused(text):
    with pytest.raises(click.BadParameter, match=r"is no range: give LOW\.\.HIGH"):
        RANGE.convert(text, None, None)


def test_an_empty_range_is_refused():
    for text in ("2..1", "1...2"):
        with pytest.raises(click.BadParameter, match="is empty"):
            RANGE.convert(text, None, None)


def test_one_number_has_room_for_rounding():
    low, high = RANGE.convert("2.625", None, None)
    assert low < 2.625 < high
    assert high - low < 1e-5


@given(st.text(max_size=12))
def test_any_text_is_a_range_or_a_clear_error(text):
    try:
        ends = RANGE.convert(text, None, None)
    except click.BadParameter as error:
        ends, message = None, error.message
    assert (ends is not None) or "give LOW..HIGH" in message or "is empty" in message


def test_elements():
    assert ELEMENTS.convert("Hf, Sn", None, None) == ("Hf", "Sn")
    with pytest.raises(click.BadParameter, match="is no list of elements"):
        ELEMENTS.convert("Hf;Sn", None, None)


def test_the_help_of_the_regions_says_what_the_rule_does():
    from aiida_hezsp.cli.search import cmd_search
    from aiida_hezsp.provenance.distribution import region_of

    assert [region_of(msd) for msd in (120.1, 120.0, 40.0, 39.9)] == ["high", "medium", "medium", "low"]
    (option,) = (parameter for parameter in cmd_search.params if parameter.name == "regions")
    assert option.help.startswith("MSD above 120 A^2, 40 to 120, below 40 (of 100 ps)")
