"""Ideal configurational entropy of the substituted site."""

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Literal

__all__ = ("EntropyClass", "configurational_entropy", "entropy_class")

EntropyClass = Literal["high", "medium", "low"]
HIGH, MEDIUM = 1.5, 1.0  # units of R; the usual limits (paper, section 1)


def configurational_entropy(fractions: Iterable[Fraction]) -> float:
    """Return S/R = -sum x ln x of the fractions x of one site (they add up to 1)."""
    return -sum(float(x) * math.log(x) for x in fractions if 0 < x < 1) or 0.0


def entropy_class(s_config: float) -> EntropyClass:
    """Return high (from 1.5 R), medium (from 1 R) or low."""
    if s_config >= HIGH:
        return "high"
    return "medium" if s_config >= MEDIUM else "low"
