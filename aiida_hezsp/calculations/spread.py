"""Summarise the predictions of several configurations of the same compositions."""

from collections import defaultdict
from statistics import fmean, stdev
from typing import Any

from aiida import orm
from aiida.engine import calcfunction

__all__ = ("spread",)


@calcfunction
def spread(**inputs: dict[str, orm.Dict]) -> orm.Dict:
    """Return mean, standard deviation and range over the configurations of each composition (paper, section 2.4).

    Args:
        inputs: namespace `predictions`, with keys of any kind; the composition is the `label` inside each.

    Returns:
        A Dict by label: `n`, `msd_mean`, `msd_std`, `msd_min`, `msd_max` (A^2), `volume_mean`, `volume_std` (A^3, of
        the relaxed cells). Standard deviations are those of a sample, null for one configuration.
    """
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _, node in sorted(inputs["predictions"].items()):
        found[node["label"]].append(node.get_dict())
    return orm.Dict({label: _summary(rows) for label, rows in found.items()})


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    msd, volume = ([float(row[name]) for row in rows] for name in ("msd", "volume"))
    several = len(rows) > 1
    return {
        "n": len(rows),
        "msd_mean": fmean(msd),
        "msd_std": stdev(msd) if several else None,
        "msd_min": min(msd),
        "msd_max": max(msd),
        "volume_mean": fmean(volume),
        "volume_std": stdev(volume) if several else None,
    }
