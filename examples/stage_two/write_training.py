"""Write the rows that an SF-MSD model was trained and tested on as CSV: formula, split, MSD, its error, features.

    verdi run write_training.py MODEL_PK training.csv

`../active_learning/compare.py --file training.csv` reads it.
"""

import csv
import sys
from pathlib import Path

from aiida import orm

from aiida_hezsp.data import SfmsdModelData


def main() -> None:
    """Write."""
    pk, file = sys.argv[1:]
    model = orm.load_node(int(pk))
    if not isinstance(model, SfmsdModelData):
        raise SystemExit(f"node {pk} is no SF-MSD model")
    table = model.creator.inputs.table
    rows = table["rows"]
    names = list(rows[0]["features"])
    with Path(file).open("w", encoding="utf8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["label", "split", "msd", "msd_error", *names])
        for row in rows:
            values = (row["target"], row["target_error"], *(row["features"][name] for name in names))
            writer.writerow([row["label"], row["split"], *(f"{value:.8g}" for value in values)])


if __name__ == "__main__":
    main()
