"""How much energy, volume and predictions depend on which random decoration represents a composition."""

from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Any

from aiida import orm
from aiida.engine import calcfunction

__all__ = ("robustness",)


@calcfunction
def robustness(**inputs: dict[str, orm.Node]) -> orm.Dict:
    """Sum up the decorations of one composition (paper, section 2.4).

    Args:
        inputs: namespaces `relaxations` (of `hezsp.relax`), `features` (of `hezsp.features`), by batch, and `models`
            (SF-MSD models, by any key); all models take the same feature set.

    Returns:
        A Dict: `keys` of the decorations and, in the same order, `energies` (eV/atom), `volumes` (A^3), `predictions`
        (A^2) by model kind; `spread` of each: n, mean, std, min, max, and relative, the standard deviation over the
        mean's magnitude; `failed` by key.
    """
    relaxed, rows, failed = _collect(inputs)
    keys = sorted(set(relaxed) & set(rows))
    energies = [relaxed[key]["energy_per_atom"] for key in keys]
    volumes = [relaxed[key]["volume"] for key in keys]
    predictions = {
        node.kind: node.load().predict([rows[key] for key in keys]).tolist() if keys else []
        for _, node in sorted(inputs["models"].items())
    }
    series = {"energy": energies, "volume": volumes, **predictions}
    return orm.Dict(
        {
            "keys": keys,
            "energies": energies,
            "volumes": volumes,
            "predictions": predictions,
            "spread": {name: _spread(values) for name, values in series.items()},
            "failed": failed,
        }
    )


def _collect(inputs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, float]], dict[str, str]]:
    """Return finished relaxations and features by key, and why others are missing."""
    entries = {
        key: entry for node in inputs["relaxations"].values() for key, entry in node.get_dict()["results"].items()
    }
    failed = {key: entry["error"] for key, entry in entries.items() if entry["error"] is not None}
    rows: dict[str, dict[str, float]] = {}
    for node in inputs["features"].values():
        table = node.get_dict()
        rows |= table["rows"]
        failed |= table["failed"]
    return {key: entry for key, entry in entries.items() if key not in failed}, rows, failed


def _spread(values: Sequence[float]) -> dict[str, float | int | None]:
    """Return the spread of a series; the standard deviation is that of a sample, null for one value."""
    if not values:
        return {"n": 0, "mean": None, "std": None, "min": None, "max": None, "relative": None}
    mean, std = fmean(values), stdev(values) if len(values) > 1 else None
    relative = std / abs(mean) if std is not None and mean else None
    return {"n": len(values), "mean": mean, "std": std, "min": min(values), "max": max(values), "relative": relative}
