"""Expressions: trees of operators over the primary features, which evaluate, print themselves and go into JSON."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.errors import ModelFileError
from aiida_hezsp.sfmsd.sisso.operators import OPERATORS, RDIV, Operator, operator_of_code

__all__ = ("MAX_TOKENS", "Expression")

MAX_TOKENS = 64
"""Longest expression that is read from a file; one of complexity 8 has at most 17 tokens."""

_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "^-1": 2, "^2": 3}
"""How strongly an operator binds its operands where it is written without brackets of its own."""

_ATOM = 4


@dataclass(frozen=True)
class Expression:
    """A primary feature (`operator` None, `index` its column), or an operator and its operands."""

    operator: Operator | None
    operands: tuple["Expression", ...] = ()
    index: int = -1

    @classmethod
    def primary(cls, index: int) -> Self:
        """Return the expression that is column `index` of the table."""
        return cls(None, (), index)

    @classmethod
    def combine(cls, code: int, left: "Expression", right: "Expression") -> "Expression":
        """Return the expression of one operator, by its code; unary operators take `left` alone."""
        operator = operator_of_code(code)
        if operator.arity == 1:
            return cls(operator, (left,))
        return cls(operator, (right, left) if code == RDIV else (left, right))

    @classmethod
    def from_postfix(cls, tokens: Sequence[int | str], n_features: int) -> "Expression":
        """Build an expression from its tokens: columns as integers, operators by name after their operands.

        Raises:
            ModelFileError: the tokens are not one whole expression over `n_features` columns.
        """
        if len(tokens) > MAX_TOKENS:
            raise ModelFileError(f"an expression of {len(tokens)} tokens: at most {MAX_TOKENS} are read")
        stack: list[Expression] = []
        for token in tokens:
            stack.append(_primary(token, n_features) if isinstance(token, int) else _operation(token, stack))
        if len(stack) != 1:
            raise ModelFileError(f"{list(tokens)} is not one expression: {len(stack)} values remain")
        return stack[0]

    @property
    def complexity(self) -> int:
        """Number of operators."""
        return (self.operator is not None) + sum(operand.complexity for operand in self.operands)

    def columns(self) -> list[int]:
        """Return the columns it is made of, each once, in increasing order."""
        if self.operator is None:
            return [self.index]
        return sorted({column for operand in self.operands for column in operand.columns()})

    def postfix(self) -> list[int | str]:
        """Return the tokens that `from_postfix` reads."""
        if self.operator is None:
            return [self.index]
        return [token for operand in self.operands for token in operand.postfix()] + [self.operator.name]

    def evaluate(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values (samples,) for a table (samples, features); NaN or infinite where undefined."""
        if self.operator is None:
            return x[:, self.index]
        with np.errstate(all="ignore"):
            values: NDArray[np.float64] = self.operator.apply(*(operand.evaluate(x) for operand in self.operands))
        return values

    def text(self, names: Sequence[str]) -> str:
        """Return the expression as one reads it, with the columns' names."""
        return _written(self, lambda index: names[index], latex=False)

    def latex(self, names: Sequence[str]) -> str:
        """Return the expression in LaTeX's mathematics."""
        return _written(self, lambda index: rf"\mathrm{{{names[index].replace('_', chr(92) + '_')}}}", latex=True)


def _primary(index: int, n_features: int) -> Expression:
    """Return a primary feature that exists."""
    if isinstance(index, bool) or not 0 <= index < n_features:
        raise ModelFileError(f"an expression names feature {index}, there are {n_features}")
    return Expression.primary(index)


def _operation(name: str, stack: list[Expression]) -> Expression:
    """Take an operator's operands from the stack."""
    operator = OPERATORS.get(name)
    if operator is None or len(stack) < operator.arity:
        raise ModelFileError(f"an expression has the operator {name!r} where it cannot be")
    operands = tuple(stack[-operator.arity :])
    del stack[-operator.arity :]
    return Expression(operator, operands)


def _written(expression: Expression, name: Callable[[int], str], latex: bool) -> str:
    """Write an expression, with brackets where they are needed."""
    operator = expression.operator
    if operator is None:
        return name(expression.index)
    parts = [_written(operand, name, latex) for operand in expression.operands]
    pattern = operator.latex if latex else operator.text
    own = _strength(expression)
    bracketed = [
        f"({part})" if _needs_brackets(own, operand, place, operator.name, latex) else part
        for place, (operand, part) in enumerate(zip(expression.operands, parts, strict=True))
    ]
    return pattern.format(*bracketed)


def _strength(expression: Expression) -> int:
    return _ATOM if expression.operator is None else _STRENGTH.get(expression.operator.name, _ATOM)


def _needs_brackets(own: int, operand: Expression, place: int, name: str, latex: bool) -> bool:
    """Return whether an operand would be read wrongly without brackets."""
    inner = _strength(operand)
    if name in {"exp-", "|-|"}:  # "-" before a sum, or between two
        return inner == 1 and (name == "exp-" or place == 1)
    if own == _ATOM or (latex and name in {"/", "^-1"}):
        return False
    last = place == 1 and name in {"-", "/"}
    return inner < own or (inner == own and (last or name in {"^2", "^-1"} or (place == 1 and name == "*")))
