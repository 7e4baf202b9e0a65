"""A ranking as a CSV file."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from aiida_hezsp.provenance.predictions import RankedPrediction

__all__ = ("write_csv", "write_rows")

_COLUMNS = {
    "rank": "rank",
    "formula": "formula",
    "label": "label",
    "family": "family",
    "type": "type",
    "x_li": "x_li",
    "s_config_R": "s_config",
    "entropy_class": "entropy_class",
    "msd_A2": "msd",
    "msd_low_A2": "msd_low",
    "msd_high_A2": "msd_high",
    "coverage": "coverage",
    "volume_A3": "volume",
    "model": "model_kind",
    "label_engines": "label_engines",
    "outside_domain": "outside_domain",
    "uuid": "uuid",
}


def write_csv(ranked: Sequence[RankedPrediction], path: Path) -> None:
    """Write a ranking with its features, one row a prediction; units stand in the names of the columns."""
    with path.open("w", newline="", encoding="utf8") as handle:
        write_rows(ranked, handle)


def write_rows(ranked: Sequence[RankedPrediction], handle: IO[str]) -> None:
    """Write a ranking to an open text file."""
    features = list(dict.fromkeys(name for row in ranked for name in row.features))
    writer = csv.writer(handle, lineterminator="\n")
    writer.writerow([*_COLUMNS, *(f"feature_{name}" for name in features)])
    for row in ranked:
        values = (getattr(row, name) for name in _COLUMNS.values())
        plain = ["; ".join(value) if isinstance(value, tuple) else value for value in values]
        writer.writerow([*plain, *(row.features.get(name) for name in features)])
