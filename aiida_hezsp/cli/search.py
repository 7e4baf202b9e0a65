"""`aiida-hezsp search`: predictions that fulfil criteria."""

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from aiida_hezsp.cli.criteria import criteria_from, criteria_options
from aiida_hezsp.provenance.sort_keys import SORT_KEYS

if TYPE_CHECKING:
    from rich.table import Table

    from aiida_hezsp.provenance.search import SearchResult

__all__ = ("cmd_search",)

TABLE_ROWS = 20


@click.command("search")
@criteria_options
@click.option("--sort", type=click.Choice(SORT_KEYS), default="msd", show_default=True, help="What to sort by.")
@click.option("--ascending", is_flag=True, help="Smallest first; largest first otherwise.")
@click.option("--limit", type=click.IntRange(min=1), help=f"At most so many; a table shows {TABLE_ROWS} by default.")
@click.option("--count", is_flag=True, help="Print only how many there are.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: total, and a list of predictions with features.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with a header, features included.")
@click.pass_context
def cmd_search(
    ctx: click.Context,
    sort: str,
    ascending: bool,
    limit: int | None,
    count: bool,
    as_json: bool,
    as_csv: bool,
    **options: Any,
) -> None:
    """Search the predictions of the profile; all criteria have to be fulfilled.

    Ranges are LOW..HIGH with both ends in it, LOW.., ..HIGH, or one number.

    \b
    Examples:
      aiida-hezsp search --all-of Hf,Sn --none-of Ni,Co --region high
      aiida-hezsp search --n-elements 5..8 --x-li 2.5..3 --s-config 1.5.. --msd 100..
      aiida-hezsp search --proportion Zr=0.2..0.3 --type 5-1 --sort x_li --csv > found.csv
    """
    if as_json + as_csv + count > 1:
        raise click.UsageError("--json, --csv and --count exclude each other")
    from aiida_hezsp.cli.environment import load_profile_or_fail

    load_profile_or_fail(ctx.obj["profile"])
    from aiida_hezsp.provenance.distribution import region_of
    from aiida_hezsp.provenance.search import search
    from aiida_hezsp.provenance.table import write_rows

    shown = 1 if count else limit if as_json or as_csv else limit or TABLE_ROWS
    result = search(criteria_from(options), sort=sort, ascending=ascending, limit=shown)
    if count:
        click.echo(result.total)
    elif as_json:
        rows = [{**row.to_dict(), "region": region_of(row.msd)} for row in result.rows]
        click.echo(json.dumps({"total": result.total, "predictions": rows}, indent=1, allow_nan=False))
    elif as_csv:
        write_rows(result.rows, sys.stdout)
    elif not result.total:
        click.echo("No prediction fulfils these criteria; `aiida-hezsp predict FORMULA` computes one.")
    else:
        from aiida_hezsp.cli.terminal import terminal

        terminal().print(_table(result))


def _table(result: "SearchResult") -> "Table":
    from rich import box
    from rich.table import Table

    from aiida_hezsp.provenance.distribution import region_of

    table = Table(
        title=f"{result.total} predictions", caption=_caption(result), box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    table.add_column("formula", overflow="fold")
    for name, width in (
        ("type", 4),
        ("x(Li)", 5),
        ("S/R", 5),
        ("MSD A^2", 7),
        ("interval", 14),
        ("region", 6),
        ("model", 5),
        ("pk", 4),
    ):
        table.add_column(name, justify="right", no_wrap=True, min_width=width)
    for row in result.rows:
        cells = [row.type or "-", f"{row.x_li:g}", f"{row.s_config:.3f}", row.msd_text, row.interval_text]
        table.add_row(row.formula, *cells, region_of(row.msd), row.model_kind or "-", str(row.pk))
    return table


def _caption(result: "SearchResult") -> str:
    """Say what the table hides, what to do next, and what its numbers are worth."""
    hidden = result.total - len(result.rows)
    lines = [f"{hidden} more; --limit, --json or --csv list them"] if hidden else []
    lines.append("`aiida-hezsp show PK` tells all about one")
    if any(row.standin for row in result.rows):
        lines.append("Stand-in labels: no VASP ran, and no number here says anything about a material.")
    return "\n".join(lines)
