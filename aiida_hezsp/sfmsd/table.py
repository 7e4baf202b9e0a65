"""The table that SF-MSD models are trained on: features, targets and splits, checked."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from aiida_hezsp.errors import TableError

__all__ = ("TRAIN", "Column", "Row", "Target", "TrainingTable", "feature_matrix", "one_line")

TRAIN = "train"
"""Name of the split that models are trained on; every other split is for testing, under its own name."""

Name = Annotated[str, Field(min_length=1)]


class Column(BaseModel):
    """What a feature is."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Name
    unit: str
    definition: str


class Target(BaseModel):
    """What is predicted."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Name = "msd"
    unit: str = "A^2"


class Row(BaseModel):
    """One composition: its features, its target, and the standard error of the target where it is known.

    `dataset` names where the composition was chosen from; splits can be made of one dataset alone.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    label: Name
    features: dict[str, FiniteFloat]
    target: FiniteFloat
    target_error: FiniteFloat | None = None
    split: Name = TRAIN
    dataset: Name | None = None


class TrainingTable(BaseModel):
    """Columns, target and rows; what else a table carries (where it comes from) is not read here."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    feature_set: Name
    columns: tuple[Column, ...] = Field(min_length=1)
    target: Target = Target()
    rows: tuple[Row, ...] = Field(min_length=1)

    @classmethod
    def from_dict(cls, table: Any) -> Self:
        """Check a table as it is read from JSON.

        Raises:
            TableError: the first thing that is wrong, and where.
        """
        try:
            return cls.model_validate(table)
        except ValidationError as error:
            raise TableError(f"training table: {one_line(error)}") from None

    @model_validator(mode="after")
    def _check_rows(self) -> Self:
        if len(set(self.names)) != len(self.names):
            raise ValueError("two columns have the same name")
        labels = [row.label for row in self.rows]
        if len(set(labels)) != len(labels):
            twice = next(label for label in labels if labels.count(label) > 1)
            raise ValueError(f"label {twice!r} occurs more than once")
        for row in self.rows:
            if missing := [name for name in self.names if name not in row.features]:
                raise ValueError(f"row {row.label!r} lacks the feature {missing[0]!r}")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features, in the order of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits, in the order of their first rows."""
        return tuple(dict.fromkeys(row.split for row in self.rows))

    def of(self, split: str) -> tuple[Row, ...]:
        """Return the rows of one split."""
        return tuple(row for row in self.rows if row.split == split)


def feature_matrix(rows: Sequence[Mapping[str, float]], names: tuple[str, ...]) -> NDArray[np.float64]:
    """Return (rows, features) in the order of the names.

    Raises:
        TableError: there are no rows, a row lacks a feature, or a value is not a finite number.
    """
    if not rows:
        raise TableError("there are no rows to predict or to train on")
    for number, row in enumerate(rows):
        if missing := [name for name in names if name not in row]:
            raise TableError(f"row {number} lacks the feature {missing[0]!r}: {len(names)} features are needed")
    values = np.array([[float(row[name]) for name in names] for row in rows]).reshape(len(rows), len(names))
    if not np.isfinite(values).all():
        number, column = np.argwhere(~np.isfinite(values))[0]
        raise TableError(f"row {number}: the feature {names[column]!r} is not a finite number")
    return values


def one_line(error: ValidationError) -> str:
    """Return the first complaint of pydantic as one line: where, what."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message
