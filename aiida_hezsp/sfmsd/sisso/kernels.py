"""Compiled loops over pairs of features: build them, or score them without keeping them."""

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.sfmsd.sisso.compiled import compiled
from aiida_hezsp.sfmsd.sisso.operators import (
    ABSDIFF,
    ADD,
    DIV,
    EXP,
    EXPNEG,
    INV,
    LOG,
    MUL,
    RDIV,
    SIN,
    SQRT,
    SQUARE,
    SUB,
)

__all__ = ("apply_binary", "apply_unary", "build", "moments", "score", "score_values")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FLAT = 1e-20
"""Variance over mean square below which a feature is a constant; the same for what a difference leaves."""

HUGE = 1e50
"""Operands of further operators stay below this, and above its inverse."""


@compiled
def apply_binary(code: int, a: Floats, b: Floats, out: Floats) -> None:  # noqa: C901 - one loop an operator
    """Write an operator of two operands to `out`."""
    if code == ADD:
        for k in range(a.size):
            out[k] = a[k] + b[k]
    elif code == SUB:
        for k in range(a.size):
            out[k] = a[k] - b[k]
    elif code == MUL:
        for k in range(a.size):
            out[k] = a[k] * b[k]
    elif code == DIV:
        for k in range(a.size):
            out[k] = a[k] / b[k]
    elif code == RDIV:
        for k in range(a.size):
            out[k] = b[k] / a[k]
    elif code == ABSDIFF:
        for k in range(a.size):
            out[k] = abs(a[k] - b[k])


@compiled
def apply_unary(code: int, a: Floats, out: Floats) -> None:  # noqa: C901, PLR0912 - one loop an operator
    """Write an operator of one operand to `out`."""
    if code == EXP:
        for k in range(a.size):
            out[k] = np.exp(a[k])
    elif code == EXPNEG:
        for k in range(a.size):
            out[k] = np.exp(-a[k])
    elif code == INV:
        for k in range(a.size):
            out[k] = 1.0 / a[k]
    elif code == SQUARE:
        for k in range(a.size):
            out[k] = a[k] * a[k]
    elif code == LOG:
        for k in range(a.size):
            out[k] = np.log(a[k]) if a[k] > 0.0 else np.nan
    elif code == SIN:
        for k in range(a.size):
            out[k] = np.sin(a[k])
    elif code == SQRT:
        for k in range(a.size):
            out[k] = np.sqrt(a[k]) if a[k] >= 0.0 else np.nan


@compiled
def moments(values: Floats) -> tuple[float, float, float]:
    """Return sum, centred sum of squares and mean square; the second is -1 for a constant or what is not finite."""
    n = values.size
    total = 0.0
    for k in range(n):
        total += values[k]
    if not abs(total) < n * HUGE:
        return total, -1.0, 0.0
    mean = total / n
    centred = 0.0
    for k in range(n):
        centred += (values[k] - mean) * (values[k] - mean)
    power = mean * mean + centred / n
    if not centred > FLAT * n * power:
        return total, -1.0, power
    return total, centred, power


@compiled
def _peak(values: Floats) -> float:
    """Return the largest absolute value."""
    peak = 0.0
    for k in range(values.size):
        peak = max(peak, abs(values[k]))
    return peak


@compiled
def _fill(code: int, a: Floats, b: Floats, power: float, out: Floats) -> tuple[float, float]:
    """Write a child to `out`; return its sum and centred sum of squares, -1 if it is of no use."""
    if code >= EXP:
        apply_unary(code, a, out)
    else:
        apply_binary(code, a, b, out)
    total, centred, own = moments(out)
    if code in (ADD, SUB, ABSDIFF) and not own > FLAT * power:
        centred = -1.0  # what is left is rounding
    return total, centred


@compiled
def _correlation(values: Floats, total: float, centred: float, residuals: Floats) -> float:
    """Return the largest absolute correlation with any residual (each centred, of unit length)."""
    mean = total / values.size
    best = 0.0
    for r in range(residuals.shape[0]):
        dot = 0.0
        for k in range(values.size):
            dot += (values[k] - mean) * residuals[r, k]
        best = max(best, abs(dot))
    return float(best / np.sqrt(centred))


@compiled
def score_values(a: Floats, residuals: Floats, low: float, high: float, scores: Floats) -> None:
    """Score features (m, samples) that are there already; -1 where the value limits are not kept."""
    for i in range(a.shape[0]):
        total, centred, _ = moments(a[i])
        peak = _peak(a[i])
        scores[i] = -1.0
        if centred > 0.0 and low <= peak <= high:
            scores[i] = _correlation(a[i], total, centred, residuals)


@compiled
def score(
    a: Floats,
    b: Floats,
    unit_a: Ints,
    unit_b: Ints,
    power_a: Floats,
    power_b: Floats,
    shift: int,
    codes: Ints,
    table: Ints,
    residuals: Floats,
    low: float,
    high: float,
    threshold: float,
    scores: Floats,
    found: Ints,
) -> tuple[int, int]:
    """Score the children of a tile of pairs, and note those above a threshold.

    Args:
        a, b: operands (m, samples) and (p, samples); for unary operators b has one row, which is not read.
        shift: pair (i, j) is met only if j > i + shift: each pair of one level once.
        codes: operators; all unary or all binary.
        table: from `UnitTable.table`.
        scores, found: written: score, and (code, i, j) of those that reach the threshold.

    Returns:
        How many were noted, and how many children were finite and no constants.
    """
    out = np.empty(a.shape[1])
    count = 0
    valid = 0
    for i in range(a.shape[0]):
        for j in range(max(0, i + shift + 1), b.shape[0]):
            for code in codes:
                if table[code, unit_a[i], unit_b[j]] < 0:
                    continue
                total, centred = _fill(code, a[i], b[j], max(power_a[i], power_b[j]), out)
                if centred < 0.0:
                    continue
                valid += 1
                value = _correlation(out, total, centred, residuals)
                if value >= threshold and low <= _peak(out) <= high:
                    scores[count] = value
                    found[count, 0] = code
                    found[count, 1] = i
                    found[count, 2] = j
                    count += 1
    return count, valid


@compiled
def build(
    a: Floats,
    b: Floats,
    unit_a: Ints,
    unit_b: Ints,
    power_a: Floats,
    power_b: Floats,
    shift: int,
    codes: Ints,
    table: Ints,
    values: Floats,
    found: Ints,
) -> int:
    """Build the children of a tile of pairs; see `score`. A difference is turned so that its mean is not negative.

    Writes values (children, samples) and (code, i, j, dimension, turned); returns how many.
    """
    count = 0
    for i in range(a.shape[0]):
        for j in range(max(0, i + shift + 1), b.shape[0]):
            for code in codes:
                unit = table[code, unit_a[i], unit_b[j]]
                if unit < 0:
                    continue
                total, centred = _fill(code, a[i], b[j], max(power_a[i], power_b[j]), values[count])
                peak = _peak(values[count])
                if centred < 0.0 or not 1.0 / HUGE < peak < HUGE:
                    continue
                turned = code == SUB and total < 0.0
                if turned:
                    values[count] = -values[count]
                found[count, 0] = code
                found[count, 1] = i
                found[count, 2] = j
                found[count, 3] = unit
                found[count, 4] = turned
                count += 1
    return count
