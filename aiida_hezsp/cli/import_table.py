"""Tables of what `import-vasp` found."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from aiida_hezsp.cli.terminal import terminal

__all__ = ("import_tables",)


def import_tables(found: Mapping[str, Any]) -> None:
    """Print the runs, the ones that were skipped with the reason, and the dataset."""
    console = terminal()
    if runs := found.get("runs", found.get("would_import")):
        console.print(_runs_table(runs, done="runs" in found))
    for source, reason in found["skipped"].items():
        console.print(f"skipped {source}: {reason}", soft_wrap=True, highlight=False, markup=False)
    for dataset in found.get("datasets", ()):
        engines = ", ".join(f"{number} by {engine}" for engine, number in dataset["engines"].items())
        known = "" if dataset["new"] else ", which was there before"
        line = f"dataset {dataset['pk']}{known}: {dataset['n_images']} images ({engines}), {dataset['level']}"
        console.print(line, soft_wrap=True, highlight=False, markup=False)
        for entry in dataset["left_out"]:
            step = "" if entry["step"] is None else f" step {entry['step']}"
            line = f"  left out: {entry['source']}{step}: {entry['reason']}"
            console.print(line, soft_wrap=True, highlight=False, markup=False)


def _runs_table(runs: list[Mapping[str, Any]], *, done: bool) -> Table:
    """Return one row a run."""
    table = Table(title="Imported runs" if done else "Runs that would be imported")
    for name in ("what", "kind", "steps", "VASP", "level", *(("calculation",) if done else ()), "directory"):
        table.add_column(name, overflow="fold")
    for run in runs:
        cells = [run["path"] if done else run["formula"], run["kind"], str(run["steps"]), run["vasp"], run["level"]]
        if done:
            cells.append(f"{run['pk']}{'' if run['new'] else ' (known)'}")
        table.add_row(*cells, run["source"])
    return table
