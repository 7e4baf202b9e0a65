"""Chemical elements and plain formulas, without a heavy import."""

import re

from aiida_hezsp.errors import FormulaError

__all__ = ("atomic_number", "split_formula")

TOKEN = re.compile(r"([A-Z][a-z]?)(\d{1,6}(?:\.\d{1,9})?|\.\d{1,9})?", re.ASCII)


def atomic_number(element: str) -> int | None:
    """Return the atomic number, or None where there is no such element."""
    from ase.data import atomic_numbers

    return int(atomic_numbers.get(element, 0)) or None


def split_formula(text: str) -> dict[str, str]:
    """Split a formula without parentheses into element -> amount as written ("" where none), in its order.

    Raises:
        FormulaError: something is not an element symbol with a plain decimal number, is no element, or comes twice.
    """
    amounts: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            rest = text[position : position + 20]
            raise FormulaError(
                f"cannot read {rest!r} at character {position + 1} of the formula {text[:80]!r}; "
                "expected an element symbol and a number, as in Li3Zr2Si2PO12"
            )
        element, amount = match.groups()
        if atomic_number(element) is None:
            raise FormulaError(f"unknown element {element!r} in the formula {text[:80]!r}")
        if element in amounts:
            raise FormulaError(f"element {element} comes twice in the formula {text[:80]!r}; write it once")
        amounts[element] = amount or ""
        position = match.end()
    if not amounts:
        raise FormulaError("the formula is empty; expected one such as Li3Zr2Si2PO12")
    return amounts
