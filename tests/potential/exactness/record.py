"""The record of the suite: deviations by group of cases and backend, for the documentation."""

import json
import platform
from importlib.metadata import version

from potential.exactness.judge import FLOORS, LIMITS, OVERLAP, STRONG

__all__ = ("PROPERTY", "write_record")

PROPERTY = "exactness"
QUANTITIES = ("energy", "forces", "stress", "magmoms")


def write_record(path, rows):
    """Write the largest deviations of every group, case and backend.

    Args:
        path: JSON file.
        rows: dicts of group, case, model, backend, deviation, stock, n_atoms, largest_force.
    """
    record = {
        "units": {"energy": "eV/atom", "forces": "eV/A", "stress": "GPa", "magmoms": "mu_B"},
        "limits": LIMITS.as_dict(),
        "floors": FLOORS.as_dict(),
        "largest_force": {"floors_grow_beyond": STRONG, "limits_waived_beyond": OVERLAP},
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("aiida-hezsp", "chgnet", "torch", "numpy")},
        "models": sorted({row["model"] for row in rows}),
        "groups": [_group(name, rows) for name in dict.fromkeys(row["group"] for row in rows)],
    }
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf8")


def _group(name, rows):
    """Return the record of a group: what it holds, and the largest deviations of stock and of every backend."""
    rows = [row for row in rows if row["group"] == name]
    backends = sorted({row["backend"] for row in rows})
    return {
        "name": name,
        "cases": len({row["case"] for row in rows}),
        "evaluations": len({(row["case"], row["model"]) for row in rows}),
        "atoms": [pick(row["n_atoms"] for row in rows) for pick in (min, max)],
        "largest_force": _short(max(row["largest_force"] for row in rows)),
        "stock": _worst(rows, "stock"),
        "backends": {
            backend: _worst([row for row in rows if row["backend"] == backend], "deviation") for backend in backends
        },
    }


def _worst(rows, kind):
    """Return the largest deviations, and where the forces are worst."""
    worst = max(rows, key=lambda row: row[kind]["forces"])
    return {
        **{quantity: _short(max(row[kind][quantity] for row in rows)) for quantity in QUANTITIES},
        "worst": f"{worst['case']}, {worst['model']}",
    }


def _short(value):
    """Return a number with two digits."""
    return float(f"{value:.1e}")
