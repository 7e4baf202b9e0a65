"""Tables of the exactness suite, from the record that it writes."""

import json
from pathlib import Path
from typing import Any

__all__ = ("exactness_tables",)

DOCS = Path(__file__).parents[1]
QUANTITIES = {"forces": "forces", "energy": "energy", "stress": "stress", "magmoms": "moments"}
UNITS = {"eV/A": "eV/Å", "mu_B": "µB"}


def exactness_tables(name: str) -> str:
    """Return a table per quantity: groups of cases as rows, stock and the backends as columns.

    Args:
        name: the record, relative to the documentation's folder.
    """
    record = json.loads((DOCS / name).read_text(encoding="utf8"))
    parts = [_summary(record)]
    for quantity, title in QUANTITIES.items():
        unit = record["units"][quantity]
        parts += [f"### Largest deviation of {title} ({UNITS.get(unit, unit)})", _table(record, quantity)]
    return "\n\n".join(parts)


def _summary(record: dict[str, Any]) -> str:
    """Return what was compared, in one paragraph."""
    cases, evaluations = (sum(group[key] for group in record["groups"]) for key in ("cases", "evaluations"))
    versions = ", ".join(f"{package} {version}" for package, version in record["versions"].items())
    return (
        f"{cases} structures, {evaluations} pairs of structure and model ({', '.join(record['models'])}); "
        f"Python {record['python']}, {versions}."
    )


def _table(record: dict[str, Any], quantity: str) -> str:
    """Return the table of a quantity."""
    backends = list(dict.fromkeys(backend for group in record["groups"] for backend in group["backends"]))
    lines = [_row("structures", "cases", "atoms", "largest force", "stock float32", *backends)]
    lines.append(_row("---", *["---:"] * (4 + len(backends))))
    for group in record["groups"]:
        low, high = group["atoms"]
        atoms = f"{low}" if low == high else f"{low} to {high}"
        values = [group["stock"][quantity], *(group["backends"].get(name, {}).get(quantity) for name in backends)]
        cells = ["" if value is None else f"{value:.1e}" for value in values]
        lines.append(_row(group["name"], group["cases"], atoms, f"{group['largest_force']:.3g}", *cells))
    return "\n".join(lines)


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"
