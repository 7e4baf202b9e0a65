"""Units of features: what may be added, and what exp, log and sin may be asked of."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.errors import SettingsError
from aiida_hezsp.sfmsd.sisso import operators as op

__all__ = ("UnitTable", "parse_unit")

_SCALE = 64
"""Exponents are counted in parts of 64, so that square roots of square roots stay whole."""

_FACTOR = re.compile(r"([A-Za-z%\u00b0\u00c5\u03bc]\w*)(?:\^?(-?\d+))?|1")


def parse_unit(text: str) -> dict[str, int]:
    """Return symbols and exponents of a unit such as "1", "A^3", "eV/A", "J mol^-1 K^-1"; no prefixes are resolved.

    Raises:
        SettingsError: the text is not such a unit.
    """
    exponents: dict[str, int] = {}
    for place, part in enumerate(text.split("/")):
        for factor in re.split(r"[\s*]+", part.strip()) if part.strip() else ["1"]:
            found = _FACTOR.fullmatch(factor)
            if found is None:
                raise SettingsError(f"{text!r} is not a unit; right are '1', 'A^3', 'eV/A', 'J mol^-1 K^-1'")
            if found[1]:
                exponents[found[1]] = exponents.get(found[1], 0) + (-1 if place else 1) * int(found[2] or 1)
    return {symbol: exponent for symbol, exponent in exponents.items() if exponent}


class UnitTable:
    """Gives every dimension met a number (0: none) and says what operators make of two of them.

    Without units (None) everything has dimension 0 and nothing is refused.
    """

    def __init__(self, units: Sequence[str] | None, n_features: int) -> None:
        if units is not None and (isinstance(units, str) or len(units) != n_features):
            raise SettingsError(f"units must name one unit for each of the {n_features} features, got {units!r}")
        self.checked = units is not None
        parsed = [parse_unit(unit) for unit in units or ["1"] * n_features]
        symbols = sorted({symbol for unit in parsed for symbol in unit})
        rows = [tuple(unit.get(symbol, 0) * _SCALE for symbol in symbols) for unit in parsed]
        self._numbers: dict[tuple[int, ...], int] = {(0,) * len(symbols): 0}
        self.primary = np.array([self._number(row) for row in rows], dtype=np.int64)

    def _number(self, exponents: tuple[int, ...]) -> int:
        return self._numbers.setdefault(exponents, len(self._numbers))

    def table(self, codes: Sequence[int] | NDArray[np.int64], register: bool = True) -> NDArray[np.int64]:
        """Return (codes, dimensions, dimensions): the dimension of the result, -1 where the operator is refused.

        Args:
            codes: of the operators that are needed; the rest is refused.
            register: whether results may be operands later; if not, 0 stands for whatever is allowed.
        """
        exponents = np.array(list(self._numbers), dtype=np.int64)
        size = len(exponents)
        table = np.full((op.N_CODES, size, size), -1, dtype=np.int64)
        for code in codes:
            results, allowed = _results(int(code), exponents)
            if not (register and self.checked):
                table[code] = np.where(allowed, 0, -1)
                continue
            distinct, place = np.unique(results[allowed], axis=0, return_inverse=True)
            numbers = np.array([self._number(tuple(map(int, row))) for row in distinct], dtype=np.int64)
            table[code][allowed] = numbers[place.reshape(-1)]
        return table


def _results(code: int, e: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return exponents (n, n, symbols) of the results and whether they are allowed; unary: of the first operand."""
    left, right = np.broadcast_arrays(e[:, None, :], e[None, :, :])
    everywhere = np.ones(left.shape[:2], dtype=bool)
    if code in {op.ADD, op.SUB, op.ABSDIFF}:
        return left, (left == right).all(axis=2)
    if code in {op.EXP, op.EXPNEG, op.LOG, op.SIN}:
        return left, (left == 0).all(axis=2)
    if code == op.SQRT:
        return left // 2, (left % 2 == 0).all(axis=2)
    powers = {op.MUL: left + right, op.DIV: left - right, op.RDIV: right - left, op.INV: -left, op.SQUARE: 2 * left}
    return powers[code], everywhere
