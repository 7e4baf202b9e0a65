"""Level the distribution of targets: remove from the crowd, and record what was removed."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from aiida_hezsp.sfmsd.table import TRAIN, TrainingTable

__all__ = ("BALANCED_OUT", "OUTLIERS", "BalanceSettings", "Removal", "balance_targets", "clean_table")

OUTLIERS = "outliers"
"""Split of the rows above the largest target that is trained on: predicted and shown, not trained on."""

BALANCED_OUT = "balanced_out"
"""Split of the training rows that balancing removed."""


class BalanceSettings(BaseModel):
    """When to stop removing: at a number of rows, or when no two targets are closer than a gap (A^2)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    n_keep: Annotated[int, Field(ge=2)] | None = None
    min_gap: Annotated[float, Field(gt=0.0)] | None = None
    removed_split: Annotated[str, Field(min_length=1)] = BALANCED_OUT

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.n_keep is None) == (self.min_gap is None):
            raise ValueError("balancing stops at n_keep rows or at a min_gap between targets: give one of the two")
        if self.removed_split == TRAIN:
            raise ValueError(f"rows removed from {TRAIN!r} cannot stay in {TRAIN!r}")
        return self


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


def clean_table(
    table: TrainingTable, max_target: float | None, balance: BalanceSettings | None
) -> tuple[TrainingTable, list[Removal]]:
    """Set outliers apart in every split, then balance the training split.

    No row is lost: what is not trained on moves to a split of its own.

    Args:
        table: as read.
        max_target: targets above it are outliers (the paper: 200 A^2); None keeps all.
        balance: how to balance; None does not.

    Returns:
        The table with the new splits, and every removal with its reason.
    """
    moves: dict[str, tuple[str, str]] = {}
    if max_target is not None:
        for row in table.rows:
            if row.target > max_target:
                moves[row.label] = (OUTLIERS, f"target above {max_target:g} {table.target.unit} ({row.split})")
    if balance is not None:
        rows = [row for row in table.of(TRAIN) if row.label not in moves]
        gone = balance_targets([row.target for row in rows], balance.n_keep, balance.min_gap)
        for index, gap in gone:
            reason = f"nearest other target {gap:.3g} {table.target.unit} away: balanced out"
            moves[rows[index].label] = (balance.removed_split, reason)
    rows_now = tuple(
        row.model_copy(update={"split": moves[row.label][0]}) if row.label in moves else row for row in table.rows
    )
    target_of = {row.label: row.target for row in table.rows}
    removals = [Removal(label=k, target=target_of[k], reason=reason) for k, (_, reason) in moves.items()]
    return table.model_copy(update={"rows": rows_now}), removals
