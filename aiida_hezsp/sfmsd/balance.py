"""What is trained on, what is tested on: outliers apart, then named splits by crowding or by chance, all recorded."""

import hashlib
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictInt, model_validator

from aiida_hezsp.sfmsd.table import TRAIN, Row, TrainingTable

__all__ = ("BALANCED_OUT", "OUTLIERS", "Removal", "SplitStep", "balance_targets", "clean_table", "order_by_chance")

OUTLIERS = "outliers"
"""Split of the rows above the largest target that is trained on: predicted and shown, not trained on."""

BALANCED_OUT = "balanced_out"
"""Split of the training rows that balancing removed."""

Share = Annotated[float, Field(gt=0.0, lt=1.0)]
Count = Annotated[StrictInt, Field(ge=2)]


class SplitStep(BaseModel):
    """Move training rows to a split of their own until few enough are left, or none are too close.

    Attributes:
        dataset: rows of this dataset only; None: all training rows.
        by: ``crowding``, those with the nearest neighbouring targets first (paper, section 2.2); or ``chance``.
        keep: how many stay, a number, or a share of them; what is not larger than this stays as it is.
        min_gap: instead of `keep`: until no two targets are closer (unit of the target); of crowding only.
        rest: split that the others go to. Models are tested on every split, and its name is that of the test.
        seed: of chance.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    dataset: Annotated[str, Field(min_length=1)] | None = None
    by: Literal["crowding", "chance"] = "crowding"
    keep: Count | Share | None = None
    min_gap: Annotated[float, Field(gt=0.0)] | None = None
    rest: Annotated[str, Field(min_length=1)] = BALANCED_OUT
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.keep is None) == (self.min_gap is None):
            raise ValueError("a split ends when so many rows are left (keep) or at a min_gap: give one of the two")
        if self.by == "chance" and self.keep is None:
            raise ValueError("a split by chance needs keep: a gap says nothing about it")
        if self.rest in {TRAIN, OUTLIERS}:
            raise ValueError(f"rows that leave {TRAIN!r} need a split of their own, not {self.rest!r}")
        return self

    def number(self, rows: int) -> int | None:
        """Return how many of so many rows stay; None where a gap decides."""
        if self.keep is None:
            return None
        return self.keep if isinstance(self.keep, int) else max(2, round(self.keep * rows))


class Removal(BaseModel):
    """A row that is not trained on, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    label: str
    target: float
    reason: str


def balance_targets(
    targets: Sequence[float], n_keep: int | None = None, min_gap: float | None = None
) -> list[tuple[int, float]]:
    """Return which targets to remove, in order, so that their distribution becomes level (paper, section 2.2).

    Again and again, of all remaining targets the one nearest to a neighbour goes; of the two that share the
    smallest gap, the one whose other neighbour is nearer. The smallest and the largest target stay, so that the
    range does not shrink. Equal choices fall to the smaller target, then to the earlier index.

    Args:
        targets: any order, any unit.
        n_keep: stop when so many are left.
        min_gap: stop when no two neighbours are closer than this.

    Returns:
        (index, gap to the nearest neighbour when it went) for every removal.
    """
    order = sorted(range(len(targets)), key=lambda index: (targets[index], index))
    removed: list[tuple[int, float]] = []
    while len(order) > max(n_keep or 2, 2):
        gaps = [targets[b] - targets[a] for a, b in pairwise(order)]
        crowding = [tuple(sorted(pair)) for pair in pairwise(gaps)]
        closest = min(range(len(crowding)), key=crowding.__getitem__)
        nearest = crowding[closest][0]
        if min_gap is not None and nearest >= min_gap:
            break
        removed.append((order.pop(closest + 1), nearest))
    return removed


def order_by_chance(labels: Sequence[str], seed: int) -> list[str]:
    """Return labels in an order that depends on the seed and on each label alone, not on what else is there."""
    return sorted(labels, key=lambda label: hashlib.sha256(f"{seed}:{label}".encode()).hexdigest())


def clean_table(
    table: TrainingTable, max_target: float | None, steps: Sequence[SplitStep] = ()
) -> tuple[TrainingTable, list[Removal]]:
    """Set outliers apart in every split, then take the steps one after the other, each on what is left to train on.

    No row is lost: what is not trained on moves to a split of its own.

    Args:
        table: as read.
        max_target: targets above it are outliers (the paper: 200 A^2); None keeps all.
        steps: splits of the training rows.

    Returns:
        The table with the new splits, and every removal with its reason.
    """
    moves: dict[str, tuple[str, str]] = {}
    if max_target is not None:
        for row in table.rows:
            if row.target > max_target:
                moves[row.label] = (OUTLIERS, f"target above {max_target:g} {table.target.unit} ({row.split})")
    for step in steps:
        rows = [row for row in table.of(TRAIN) if row.label not in moves and step.dataset in {None, row.dataset}]
        moves |= _crowded(step, rows, table.target.unit) if step.by == "crowding" else _drawn(step, rows)
    rows_now = tuple(
        row.model_copy(update={"split": moves[row.label][0]}) if row.label in moves else row for row in table.rows
    )
    target_of = {row.label: row.target for row in table.rows}
    removals = [Removal(label=k, target=target_of[k], reason=reason) for k, (_, reason) in moves.items()]
    return table.model_copy(update={"rows": rows_now}), removals


def _crowded(step: SplitStep, rows: list[Row], unit: str) -> dict[str, tuple[str, str]]:
    """Return the rows that crowding moves: split and reason by label."""
    gone = balance_targets([row.target for row in rows], step.number(len(rows)), step.min_gap)
    return {
        rows[index].label: (step.rest, f"nearest other target {gap:.3g} {unit} away: moved to {step.rest}")
        for index, gap in gone
    }


def _drawn(step: SplitStep, rows: list[Row]) -> dict[str, tuple[str, str]]:
    """Return the rows that chance moves: split and reason by label."""
    surplus = max(0, len(rows) - (step.number(len(rows)) or 0))
    drawn = order_by_chance([row.label for row in rows], step.seed)[:surplus]
    return dict.fromkeys(drawn, (step.rest, f"drawn for {step.rest} (seed {step.seed})"))
