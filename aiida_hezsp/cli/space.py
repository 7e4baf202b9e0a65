"""`aiida-hezsp space`: list or count the compositions of a space."""

import csv
import io
import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from aiida_hezsp.chemistry import Composition

__all__ = ("cmd_space",)

TABLE_ROWS = 30
CSV_COLUMNS = ("formula", "label", "family", "elements", "n_elements", "type", "x_li", "s_config", "entropy_class")


@click.command("space", epilog="Example: aiida-hezsp space lzsp quinary --csv --limit 100 > quinary.csv")
@click.argument("family")
@click.argument("space")
@click.option("--count", is_flag=True, help="Print only how many there are.")
@click.option("--elements", is_flag=True, help="Print how often each dopant occurs: in compositions, and on sites.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list; with --elements an object.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with a header.")
@click.option("--limit", type=click.IntRange(min=1), help=f"At most so many; a table shows {TABLE_ROWS} by default.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of a space that is drawn (multinary).")
def cmd_space(
    family: str,
    space: str,
    count: bool,
    elements: bool,
    as_json: bool,
    as_csv: bool,
    limit: int | None,
    seed: int | None,
) -> None:
    """List the compositions of a SPACE of a FAMILY (a shipped name such as lzsp, or a family file).

    Spaces of lzsp: training, quaternary, quinary, multinary.
    """
    if count + as_json + as_csv > 1:
        raise click.UsageError("--count, --json and --csv exclude each other")
    if elements and (count or as_csv or limit):
        raise click.UsageError("--elements goes with --json and --seed only: it counts in the whole space")
    from aiida_hezsp.chemistry import element_counts
    from aiida_hezsp.chemistry import space as list_space
    from aiida_hezsp.families import load_family

    definition = load_family(family)
    compositions = list_space(definition, space, seed=seed)
    shown = compositions[:limit]
    if elements:
        _show_elements(
            element_counts(definition, compositions), len(compositions), f"{family} {space}", as_json=as_json
        )
    elif count:
        click.echo(len(compositions))
    elif as_json:
        click.echo(json.dumps([composition.as_dict() for composition in shown], indent=1))
    elif as_csv:
        click.echo(_csv(shown), nl=False)
    else:
        _print_table(compositions, limit or TABLE_ROWS, f"{family} {space}")


def _show_elements(counts: dict[str, dict[str, float]], total: int, title: str, *, as_json: bool) -> None:
    """Print how often the dopants occur, and how equal that is."""
    ranges = {
        name: [min(entry[name] for entry in counts.values()), max(entry[name] for entry in counts.values())]
        for name in ("compositions", "sites")
    }
    if as_json:
        click.echo(json.dumps({"n_compositions": total, "ranges": ranges, "elements": counts}, indent=1))
        return
    from rich.table import Table

    from aiida_hezsp.cli.terminal import terminal

    (fewest, most), (low, high) = ranges["compositions"], ranges["sites"]
    caption = f"each dopant in {fewest:g} to {most:g} compositions, on {low:g} to {high:g} sites of their supercells"
    table = Table(title=f"{title}: dopants of {total} compositions", caption=caption)
    table.add_column("dopant")
    for column in ("compositions", "sites"):
        table.add_column(column, justify="right")
    for element, entry in counts.items():
        table.add_row(element, f"{entry['compositions']:g}", f"{entry['sites']:g}")
    terminal().print(table)


def _csv(compositions: "list[Composition]") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for composition in compositions:
        writer.writerow({**composition.as_dict(), "elements": " ".join(composition.elements)})
    return text.getvalue()


def _print_table(compositions: "list[Composition]", limit: int, title: str) -> None:
    from rich.table import Table

    from aiida_hezsp.cli.terminal import terminal

    hidden = len(compositions) - limit
    caption = f"{hidden} more; --limit, --json or --csv list them" if hidden > 0 else None
    table = Table(title=f"{title}: {len(compositions)} compositions", caption=caption)
    table.add_column("formula", no_wrap=True)
    for column in ("x(Li)", "S/R", "entropy", "type"):
        table.add_column(column, justify="right")
    for composition in compositions[:limit]:
        table.add_row(
            composition.formula,
            f"{float(composition.x_li):g}",
            f"{composition.s_config:.3f}",
            composition.entropy_class,
            composition.type or "-",
        )
    terminal().print(table)
