"""Amounts in formulas: decimal text and exact fractions."""

from fractions import Fraction

__all__ = ("MAX_DIGITS", "TOLERANCE", "amount_text", "exact_amount", "snap")

TOLERANCE = Fraction(5, 10000)
MAX_DIGITS = 4


def exact_amount(text: str) -> Fraction:
    """Return the exact value of an amount as written; no number means one."""
    return Fraction(text or 1)


def snap(amount: Fraction, grid: Fraction) -> Fraction:
    """Return the nearest multiple of `grid` within 5e-4, else the amount itself.

    So 0.333 on a grid of 1/12 is a third, exactly, and the site fractions add up; what is off the grid stays what
    was written.
    """
    nearest = round(amount / grid) * grid
    return nearest if abs(amount - nearest) <= TOLERANCE else amount


def amount_text(amount: Fraction) -> str:
    """Return an amount as it stands in a formula: nothing for one, else the shortest decimal.

    Exact where a decimal of up to nine digits is; otherwise four digits, which `snap` reads back.
    """
    if amount == 1:
        return ""
    exact = next((digits for digits in range(10) if (amount * 10**digits).denominator == 1), MAX_DIGITS)
    text = f"{float(amount):.{exact}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
