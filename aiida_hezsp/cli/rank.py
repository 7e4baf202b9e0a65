"""`aiida-hezsp rank`: predictions in the order of their MSD."""

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from aiida_hezsp.provenance.predictions import RankedPrediction

__all__ = ("cmd_rank", "rank_table")

TABLE_ROWS = 20


@click.command("rank")
@click.argument("process", required=False)
@click.option("--limit", type=click.IntRange(min=1), help=f"At most so many; a table shows {TABLE_ROWS} by default.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with a header, features included.")
@click.pass_context
def cmd_rank(ctx: click.Context, process: str | None, limit: int | None, as_json: bool, as_csv: bool) -> None:
    """Rank predictions by MSD: of one PROCESS (pk or UUID of a screen or discovery), or all of the profile.

    \b
    Examples:
      aiida-hezsp rank
      aiida-hezsp rank 4510 --limit 50
      aiida-hezsp rank 4510 --csv > ranking.csv
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    from aiida_hezsp.cli.environment import load_profile_or_fail

    load_profile_or_fail(ctx.obj["profile"])
    from aiida import orm

    from aiida_hezsp.cli.inputs import load_node_or_fail
    from aiida_hezsp.provenance.predictions import rank_predictions
    from aiida_hezsp.provenance.table import write_rows

    ranked = rank_predictions(None if process is None else load_node_or_fail(process, orm.ProcessNode))
    if as_json:
        click.echo(json.dumps([row.to_dict() for row in ranked[:limit]], indent=1, allow_nan=False))
    elif as_csv:
        write_rows(ranked[:limit], sys.stdout)
    else:
        from aiida_hezsp.cli.terminal import terminal

        terminal().print(rank_table(ranked, limit or TABLE_ROWS))


def rank_table(ranked: "Sequence[RankedPrediction]", limit: int) -> "Table":
    """Return the first rows of a ranking as a table; it has a column for the label engines only where they differ."""
    from rich import box
    from rich.table import Table

    engines = {", ".join(row.label_engines) or "none" for row in ranked}
    several = len(engines) > 1
    title = f"{len(ranked)} predictions by MSD" + ("" if several else f"; labels by {engines.pop()}")
    table = Table(
        title=title,
        caption=_caption(ranked, len(ranked) - limit),
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    table.add_column("rank", justify="right", min_width=4)
    table.add_column("formula", overflow="fold")  # alone is broken where the terminal is narrow
    for name, width in (("type", 4), ("x(Li)", 5), ("S/R", 5), ("MSD A^2", 7), ("interval", 14), ("pk", 4)):
        table.add_column(name, justify="right", no_wrap=True, min_width=width)
    if several:
        table.add_column("labels by")
    for row in ranked[:limit]:
        cells = [str(row.rank), row.formula, row.type or "-", f"{row.x_li:g}", f"{row.s_config:.3f}"]
        cells += [row.msd_text, row.interval_text, str(row.pk)]
        table.add_row(*cells, *([", ".join(row.label_engines) or "none"] if several else []))
    return table


def _caption(ranked: "Sequence[RankedPrediction]", hidden: int) -> str | None:
    """Say what the table hides, and what its numbers are worth."""
    lines = [f"{hidden} more; --limit, --json or --csv list them"] if hidden > 0 else []
    if any(row.standin for row in ranked):
        lines.append("Stand-in labels: no VASP ran, and no number here says anything about a material.")
    return "\n".join(lines) or None
