"""Expressions: what they compute, how they read, and what is refused as one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiida_hezsp.errors import ModelFileError, SettingsError
from aiida_hezsp.sfmsd.sisso.expressions import Expression
from aiida_hezsp.sfmsd.sisso.operators import OPERATORS, codes_of
from aiida_hezsp.sfmsd.sisso.units import UnitTable, parse_unit

NAMES = ["a", "b", "c"]
LEAVES = st.integers(0, 2).map(Expression.primary)


def grown(inner):
    unary = st.sampled_from([op for op in OPERATORS.values() if op.arity == 1])
    binary = st.sampled_from([op for op in OPERATORS.values() if op.arity == 2])
    return st.builds(lambda op, x: Expression(op, (x,)), unary, inner) | st.builds(
        lambda op, x, y: Expression(op, (x, y)), binary, inner, inner
    )


EXPRESSIONS = st.recursive(LEAVES, grown, max_leaves=5)


@given(EXPRESSIONS)
def test_tokens_round_trip(expression):
    tokens = expression.postfix()
    assert Expression.from_postfix(tokens, 3) == expression
    assert expression.complexity == sum(isinstance(token, str) for token in tokens)


@given(EXPRESSIONS.filter(lambda e: "|" not in e.text(NAMES)))
def test_the_text_means_the_expression(expression):
    """Python, with ^ as power, reads the text as the same number."""
    x = np.array([[1.3, 0.7, 2.1]])
    text = expression.text(NAMES).replace("^", "**")
    scope = {"exp": np.exp, "log": np.log, "sin": np.sin, "sqrt": np.sqrt}
    with np.errstate(all="ignore"):
        read = eval(text, scope, {name: x[:, i] for i, name in enumerate(NAMES)})
        np.testing.assert_allclose(read, expression.evaluate(x), rtol=1e-12)


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ([0, 1, "+", 2, "/"], "(a + b) / c"),
        ([0, 1, 2, "-", "-"], "a - (b - c)"),
        ([0, 1, "+", "exp-"], "exp(-(a + b))"),
        ([0, 1, "*", "^2"], "(a * b)^2"),
        ([0, 1, "|-|", "log"], "log(|a - b|)"),
    ],
)
def test_reads_well(tokens, text):
    assert Expression.from_postfix(tokens, 3).text(NAMES) == text


@pytest.mark.parametrize(
    "tokens", [[], [0, 1], ["+"], [0, "+"], [3], [-1], [True], [0, "import"], [0, "exp"] + ["exp"] * 64]
)
def test_refuses_what_is_no_expression(tokens):
    with pytest.raises(ModelFileError):
        Expression.from_postfix(tokens, 3)


def test_latex():
    expression = Expression.from_postfix([0, 1, "+", 2, "/"], 3)
    assert expression.latex(["x_li", "b", "c"]) == r"\frac{\mathrm{x\_li} + \mathrm{b}}{\mathrm{c}}"


@pytest.mark.parametrize("names", [(), ("+", "+"), ("plus",), "+"])
def test_refuses_operators(names):
    with pytest.raises(SettingsError):
        codes_of(names)


def test_units():
    assert parse_unit("eV/A") == {"eV": 1, "A": -1}
    assert parse_unit("J mol^-1 K^-1") == parse_unit("J/mol/K")
    assert parse_unit("1") == parse_unit("A/A") == {}
    with pytest.raises(SettingsError, match="is not a unit"):
        parse_unit("3 A")


def test_unit_table_refuses_sums_of_unlike_and_functions_of_units():
    table = UnitTable(["A", "deg", "A", "1"], 4)
    angstrom, degree, same, number = table.primary
    assert angstrom == same != degree
    unary, binary = codes_of(tuple(OPERATORS))
    results = table.table([*unary, *binary])
    add, log, mul = (OPERATORS[name].code for name in ("+", "log", "*"))
    assert results[add, angstrom, degree] == -1
    assert results[add, angstrom, same] == angstrom
    assert results[log, angstrom, 0] == -1
    assert results[log, number, 0] == number == 0
    assert results[mul, angstrom, degree] == results[mul, degree, angstrom] > 0
