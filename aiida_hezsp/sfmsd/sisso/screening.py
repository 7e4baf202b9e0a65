"""Sure independence screening: the features that correlate best with what the models so far leave unexplained."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.sfmsd.sisso import kernels
from aiida_hezsp.sfmsd.sisso.expressions import Expression
from aiida_hezsp.sfmsd.sisso.space import FeatureSpace

__all__ = ("Pool", "Screened", "centred_unit", "screen")

Floats = NDArray[np.float64]

TIE = 1e-9
"""Scores this close are equal: the simpler feature is taken."""


def centred_unit(values: Floats) -> Floats:
    """Return values without their mean, of length 1."""
    centred = values - values.mean()
    unit: Floats = centred / np.linalg.norm(centred)
    return unit


@dataclass
class Screened:
    """A feature that was chosen: its score, expression, order of appearance, and standardised values."""

    score: float
    complexity: int
    expression: Expression
    values: Floats


class Pool:
    """The best features so far, no two of which are linear functions of each other.

    Args:
        size: how many are wanted; some more are held in reserve.
        taken: standardised values (features, samples) of those chosen for lower dimensions.
        max_correlation: features that correlate more than this count as one.
    """

    def __init__(self, size: int, taken: Floats, max_correlation: float) -> None:
        self.size = size
        self.capacity = size + min(size, 8)
        self.max_correlation = max_correlation
        self._taken = taken
        self._members: list[Screened] = []
        self._values = np.empty((0, taken.shape[1]))

    @property
    def threshold(self) -> float:
        """Score below which nothing is taken any more."""
        return self._members[-1].score if len(self._members) >= self.capacity else 0.0

    @property
    def members(self) -> list[Screened]:
        """The best ones, best first."""
        return self._members[: self.size]

    def offer(self, score: float, complexity: int, expression: Expression, values: Floats) -> None:
        """Take a feature, if it is better than the worst and neither taken nor a worse copy of a member."""
        standard = centred_unit(values)
        if not np.isfinite(standard).all() or self._copies(self._taken, standard).any():
            return
        new = Screened(score, complexity, expression, standard)
        copies = np.flatnonzero(self._copies(self._values, standard))
        if any(_rank(self._members[i]) <= _rank(new, TIE) for i in copies):
            return
        if not len(copies) and score <= self.threshold:
            return
        kept = [member for i, member in enumerate(self._members) if i not in copies]
        self._members = sorted([*kept, new], key=_rank)[: self.capacity]
        self._values = np.array([member.values for member in self._members])

    def _copies(self, others: Floats, standard: Floats) -> NDArray[np.bool_]:
        copies: NDArray[np.bool_] = np.abs(others @ standard) > self.max_correlation
        return copies


def _rank(member: Screened, advantage: float = 0.0) -> tuple[float, int]:
    """Return the key to sort by: score, then simplicity."""
    return (-round((member.score - advantage) / TIE), member.complexity)


def screen(
    space: FeatureSpace, pool: Pool, residuals: Floats, limits: tuple[float, float], tell: Callable[[int, int], None]
) -> list[int]:
    """Offer every feature of a space to a pool.

    Args:
        residuals: (models, samples), each centred and of length 1.
        limits: features whose largest absolute value is outside are not taken, only built upon.
        tell: called now and then with the complexity and the number of features seen.

    Returns:
        How many features of each complexity there were.
    """
    counts = []
    for level in range(space.complexity + 1):
        kept = level <= space.kept
        seen = 0
        for count in (_kept if kept else _streamed)(space, level, pool, residuals, limits):
            seen += count
            tell(level, seen)
        counts.append(seen)
    return counts


def _kept(space: FeatureSpace, level: int, pool: Pool, residuals: Floats, limits: tuple[float, float]) -> Iterator[int]:
    """Offer features that are in memory."""
    for block in space.blocks(level):
        scores = np.empty(len(block))
        kernels.score_values(block.values, residuals, *limits, scores)
        for i in np.argsort(-scores, kind="stable"):
            if scores[i] < 0.0 or scores[i] < pool.threshold - TIE:
                break
            pool.offer(float(scores[i]), level, block.expression(int(i)), block.values[i])
        yield len(block)


def _streamed(
    space: FeatureSpace, level: int, pool: Pool, residuals: Floats, limits: tuple[float, float]
) -> Iterator[int]:
    """Offer features that are made, scored and forgotten."""
    for tile in space.tiles(level):
        scores = np.empty(tile.capacity())
        found = np.empty((tile.capacity(), 3), dtype=np.int64)
        a, b = tile.left, tile.right
        count, valid = kernels.score(
            a.values, b.values, a.units, b.units, a.power, b.power, tile.shift, tile.codes, space.table,
            residuals, *limits, pool.threshold - TIE, scores, found,
        )  # fmt: skip
        for i in np.argsort(-scores[:count], kind="stable"):
            if scores[i] < pool.threshold - TIE:
                break
            pool.offer(float(scores[i]), level, tile.expression(found[i]), tile.values(found[i]))
        yield valid
