"""The operators that SISSO builds features with: their names, what they compute, and what they do to units."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.errors import SettingsError

__all__ = ("OPERATORS", "PAPER_OPERATORS", "Operator", "codes_of", "operator_of_code")

ADD, SUB, MUL, DIV, RDIV, ABSDIFF = range(6)
EXP, EXPNEG, INV, SQUARE, LOG, SIN, SQRT = range(6, 13)
N_CODES = 13
"""The compiled loops know operators by these codes; RDIV is b / a of a pair that is met once, as (a, b)."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Operator:
    """An operator.

    Attributes:
        name: as in SISSO's own input.
        code: as the compiled loops know it.
        arity: 1 or 2.
        apply: NumPy function of as many arrays.
        text, latex: how it is written; ``{0}`` and ``{1}`` are the operands.
    """

    name: str
    code: int
    arity: int
    apply: Callable[..., Any]
    text: str
    latex: str


def _abs_difference(a: Array, b: Array) -> Any:
    return np.abs(a - b)


def _exp_of_minus(a: Array) -> Any:
    return np.exp(-a)


def _inverse(a: Array) -> Any:
    return 1.0 / a


_ALL = (
    Operator("+", ADD, 2, np.add, "{0} + {1}", "{0} + {1}"),
    Operator("-", SUB, 2, np.subtract, "{0} - {1}", "{0} - {1}"),
    Operator("*", MUL, 2, np.multiply, "{0} * {1}", r"{0} \cdot {1}"),
    Operator("/", DIV, 2, np.divide, "{0} / {1}", r"\frac{{{0}}}{{{1}}}"),
    Operator("|-|", ABSDIFF, 2, _abs_difference, "|{0} - {1}|", r"\left|{0} - {1}\right|"),
    Operator("exp", EXP, 1, np.exp, "exp({0})", r"\exp\left({0}\right)"),
    Operator("exp-", EXPNEG, 1, _exp_of_minus, "exp(-{0})", r"\exp\left(-{0}\right)"),
    Operator("^-1", INV, 1, _inverse, "1 / {0}", r"\frac{{1}}{{{0}}}"),
    Operator("^2", SQUARE, 1, np.square, "{0}^2", "{0}^{{2}}"),
    Operator("log", LOG, 1, np.log, "log({0})", r"\log\left({0}\right)"),
    Operator("sin", SIN, 1, np.sin, "sin({0})", r"\sin\left({0}\right)"),
    Operator("sqrt", SQRT, 1, np.sqrt, "sqrt({0})", r"\sqrt{{{0}}}"),
)

OPERATORS: dict[str, Operator] = {operator.name: operator for operator in _ALL}
"""All operators, by name."""

PAPER_OPERATORS = ("+", "-", "*", "/", "exp", "exp-", "^-1", "^2", "log", "sin")
"""Those of the paper (section 4.4)."""


def codes_of(names: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the codes of the unary and of the binary operators among `names`; "/" has two.

    Raises:
        SettingsError: a name is unknown or comes twice, or there is none.
    """
    if isinstance(names, str) or not names or len(set(names)) != len(names):
        raise SettingsError(f"operators must be different names, as in {PAPER_OPERATORS}; got {names!r}")
    if unknown := [name for name in names if name not in OPERATORS]:
        raise SettingsError(f"unknown operator {unknown[0]!r}: {', '.join(OPERATORS)} are known")
    chosen = [OPERATORS[name] for name in names]
    unary = sorted(operator.code for operator in chosen if operator.arity == 1)
    binary = sorted(operator.code for operator in chosen if operator.arity > 1)
    if DIV in binary:
        binary = sorted([*binary, RDIV])
    return np.array(unary, dtype=np.int64), np.array(binary, dtype=np.int64)


def operator_of_code(code: int) -> Operator:
    """Return the operator of a code; that of RDIV is "/", its operands come the other way round."""
    return next(operator for operator in _ALL if operator.code == (DIV if code == RDIV else code))
