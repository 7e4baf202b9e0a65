"""The feature space: low complexities are kept in memory, the highest are made block by block and forgotten."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.errors import SettingsError
from aiida_hezsp.sfmsd.sisso import kernels
from aiida_hezsp.sfmsd.sisso.duplicates import first_of_equals
from aiida_hezsp.sfmsd.sisso.expressions import Expression
from aiida_hezsp.sfmsd.sisso.operators import EXP, codes_of
from aiida_hezsp.sfmsd.sisso.units import UnitTable

__all__ = ("Block", "FeatureSpace", "Tile")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ALL_PAIRS = -(2**40)
ROWS, COLUMNS = 128, 32
BUFFER = 4_000_000  # numbers that the children of one tile may take, 32 MB


@dataclass(frozen=True)
class Block:
    """Some features: values (features, samples), dimensions, mean squares, and their expressions on demand."""

    values: Floats
    units: Ints
    power: Floats
    expression: Callable[[int], Expression]

    def __getitem__(self, rows: slice) -> "Block":
        start = rows.start
        return Block(self.values[rows], self.units[rows], self.power[rows], lambda i: self.expression(int(start + i)))

    def __len__(self) -> int:
        return len(self.values)


class Tile(NamedTuple):
    """Pairs of features to combine: see `kernels.score` for `shift`."""

    left: Block
    right: Block
    shift: int
    codes: Ints

    def capacity(self) -> int:
        """Return how many children there are at most."""
        return len(self.left) * len(self.right) * len(self.codes)

    def expression(self, child: Ints) -> Expression:
        """Return the expression of a child (code, i, j, ...)."""
        code, i, j = (int(number) for number in child[:3])
        return Expression.combine(code, self.left.expression(i), self.right.expression(j))

    def values(self, child: Ints) -> Floats:
        """Return the values of a child."""
        code, i, j = (int(number) for number in child[:3])
        out = np.empty(self.left.values.shape[1])
        if code >= EXP:
            kernels.apply_unary(code, self.left.values[i], out)
        else:
            kernels.apply_binary(code, self.left.values[i], self.right.values[j], out)
        return out


class FeatureSpace:
    """All features of at most some complexity over a table.

    Kept features are distinct: equal values (relative 1e-10) count once, as the first and simplest. Constants,
    infinities, undefined values and what only rounding leaves of a difference are no features.

    Args:
        x: table (samples, features).
        complexity: largest number of operators.
        operators: by name.
        units: one for each column, or None.
        kept: complexities up to this are kept in memory: complexity - 1, or one less.

    Attributes:
        table: which operators are allowed between dimensions, for the features that are not kept.
    """

    def __init__(
        self, x: Floats, complexity: int, operators: Sequence[str], units: Sequence[str] | None, kept: int
    ) -> None:
        self.complexity = complexity
        self.unary, self.binary = codes_of(operators)
        self.units = UnitTable(units, x.shape[1])
        self.rows = max(1, min(ROWS, BUFFER // (x.shape[0] * COLUMNS * max(1, len(self.binary)))))
        values = np.ascontiguousarray(x.T)
        self.levels = [_block(values, self.units.primary, [Expression.primary(i) for i in range(len(values))])]
        varying = np.array([kernels.moments(row)[1] > 0.0 for row in values], dtype=bool)
        self._keep(0, varying)
        for level in range(1, kept + 1):
            self.levels.append(self._build_level(level))
        codes = [*self.unary, *self.binary]
        self._operand_table = self.units.table(codes) if self.kept < complexity - 1 else None
        self.table = self.units.table(codes, register=False)

    @property
    def kept(self) -> int:
        """Highest complexity in memory."""
        return len(self.levels) - 1

    def blocks(self, level: int) -> Iterator[Block]:
        """Yield all features of a complexity, a few at a time."""
        if level <= self.kept:
            whole = self.levels[level]
            for start in range(0, len(whole), self.rows):
                yield whole[slice(start, start + self.rows)]
            return
        if self._operand_table is None:
            raise SettingsError(f"features of complexity {level} are the last of this space, no operands")
        for tile in self.tiles(level):
            yield from _pieces(self._children(tile, self._operand_table), self.rows)

    def tiles(self, level: int) -> Iterator[Tile]:
        """Yield what is to be combined for the features of a complexity; level - 1 operators are in the operands."""
        for left in self.blocks(level - 1):
            if len(self.unary):
                yield Tile(left, left[slice(0, 1)], ALL_PAIRS, self.unary)
            if level > 1 and len(self.binary):
                yield from (Tile(left, right, ALL_PAIRS, self.binary) for right in self._columns(0))
        for low in range(0 if level == 1 else 1, (level - 1) // 2 + 1):
            yield from self._pairs(low, level - 1 - low)

    def _columns(self, level: int) -> Iterator[Block]:
        whole = self.levels[level]
        yield from (whole[slice(start, start + COLUMNS)] for start in range(0, len(whole), COLUMNS))

    def _pairs(self, low: int, high: int) -> Iterator[Tile]:
        """Yield the pairs of two kept complexities; of one and the same, each pair once."""
        if not len(self.binary):
            return
        for at, left in enumerate(self.blocks(high)):
            for place, right in enumerate(self._columns(low)):
                shift = at * self.rows - place * COLUMNS if low == high else ALL_PAIRS
                if shift < len(right):
                    yield Tile(left, right, shift, self.binary)

    def _children(self, tile: Tile, table: Ints) -> Block:
        """Return the children of one tile."""
        values = np.empty((tile.capacity(), tile.left.values.shape[1]))
        found = np.empty((tile.capacity(), 5), dtype=np.int64)
        a, b = tile.left, tile.right
        count = kernels.build(
            a.values, b.values, a.units, b.units, a.power, b.power, tile.shift, tile.codes, table, values, found
        )
        found = found[:count].copy()
        return Block(
            values[:count],
            found[:, 3].copy(),
            (values[:count] ** 2).mean(axis=1),
            lambda i: _turned(tile.expression(found[i]), bool(found[i, 4])),
        )

    def _build_level(self, level: int) -> Block:
        """Build a complexity that is kept, without what is there already."""
        table = self.units.table([*self.unary, *self.binary])
        values = [np.empty((0, self.levels[0].values.shape[1]))]
        units = [np.empty(0, dtype=np.int64)]
        expressions: list[Expression] = []
        for tile in self.tiles(level):
            block = self._children(tile, table)
            new = np.flatnonzero(first_of_equals([block.values]))
            values.append(block.values[new])
            units.append(block.units[new])
            expressions += [block.expression(int(i)) for i in new]
        joined, numbers = np.concatenate(values), np.concatenate(units)
        del values
        fresh = first_of_equals([*(lower.values for lower in self.levels), joined])
        fresh = fresh[len(fresh) - len(joined) :]
        chosen = [expression for expression, new in zip(expressions, fresh, strict=True) if new]
        return _block(joined[fresh], numbers[fresh], chosen)

    def _keep(self, level: int, mask: NDArray[np.bool_]) -> None:
        """Keep only some features of a complexity."""
        old = self.levels[level]
        chosen = [old.expression(int(i)) for i in np.flatnonzero(mask)]
        self.levels[level] = _block(old.values[mask], old.units[mask], chosen)


def _block(values: Floats, units: Ints, expressions: list[Expression]) -> Block:
    return Block(values, units, (values**2).mean(axis=1), expressions.__getitem__)


def _pieces(block: Block, rows: int) -> Iterator[Block]:
    yield from (block[slice(start, start + rows)] for start in range(0, len(block), rows))


def _turned(expression: Expression, turned: bool) -> Expression:
    """Return a - b as b - a."""
    return Expression(expression.operator, expression.operands[::-1]) if turned else expression
