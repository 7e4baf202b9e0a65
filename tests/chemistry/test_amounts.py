from fractions import Fraction

import pytest

from aiida_hezsp.chemistry.amounts import amount_text, exact_amount, snap


def test_exact():
    assert exact_amount("0.1") == Fraction(1, 10)
    assert exact_amount("") == 1


@pytest.mark.parametrize(
    ("amount", "snapped"),
    [("0.333", Fraction(1, 3)), ("0.3333", Fraction(1, 3)), ("0.33", Fraction(33, 100)), ("0.25", Fraction(1, 4))],
)
def test_snap_to_twelfths(amount, snapped):
    assert snap(Fraction(amount), Fraction(1, 12)) == snapped


def test_snapping_does_not_erase_small_amounts_of_the_grid():
    assert snap(Fraction("0.125"), Fraction(1, 8)) == Fraction(1, 8)
    assert snap(Fraction("0.1"), Fraction(1, 8)) == Fraction(1, 10)


def test_text():
    shown = [amount_text(Fraction(text)) for text in ("1", "2", "0.5", "2.625", "10", "100", "1/3", "0.0625")]
    assert shown == ["", "2", "0.5", "2.625", "10", "100", "0.3333", "0.0625"]
