"""`aiida-hezsp trace`: everything a prediction rests on, and everything that rests on a calculation."""

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from aiida_hezsp.provenance.recall import Recall

__all__ = ("cmd_trace",)

_LIMIT = 10
_SUFFIXES = (".svg", ".png", ".pdf")


@click.command("trace")
@click.argument("node")
@click.option("--reverse", is_flag=True, help="NODE is a calculation: what rests on it?")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a tree.")
@click.option("--csv", "as_csv", is_flag=True, help="With --reverse: print datasets, models and predictions as CSV.")
@click.option("--all", "show_all", is_flag=True, help="List everything; long lists are cut otherwise.")
@click.option(
    "--figure",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the stages as boxes with counts into this file (.svg, .png or .pdf).",
)
@click.pass_context
def cmd_trace(
    ctx: click.Context, node: str, reverse: bool, as_json: bool, as_csv: bool, show_all: bool, figure: Path | None
) -> None:
    """Follow a prediction back to its DFT calculations; with --reverse, a calculation to what rests on it.

    NODE is a prediction: a pk, a UUID (or its beginning), a formula or a label; of several predictions of one
    composition the newest is taken. Every DFT calculation is listed with what made its labels: VASP, or the stand-in.
    With --reverse, NODE is the pk or UUID of a calculation, and the datasets, models and predictions are listed that
    have to be recalled if it turns out to be bad.

    \b
    Examples:
      aiida-hezsp trace Li2.625Zr0.5Ti0.375Sn0.375Hf0.375Nb0.375Si2PO12
      aiida-hezsp trace 4821 --all
      aiida-hezsp trace 4821 --json > trace.json
      aiida-hezsp trace 4821 --figure trace.svg
      aiida-hezsp trace 1234 --reverse --csv > recall.csv
    """
    if as_csv and not reverse:
        raise click.UsageError("--csv needs --reverse; a trace is a tree or --json")
    if as_csv and as_json:
        raise click.UsageError("--json and --csv exclude each other")
    if figure is not None and reverse:
        raise click.UsageError("--figure draws a trace, not its reverse")
    if figure is not None and figure.suffix.lower() not in _SUFFIXES:
        raise click.UsageError(f"--figure {figure}: the name must end in {', '.join(_SUFFIXES)}")
    from aiida_hezsp.cli.environment import load_profile_or_fail

    load_profile_or_fail(ctx.obj["profile"])
    if reverse:
        _recall(node, as_json=as_json, as_csv=as_csv, show_all=show_all)
    else:
        _trace(node, as_json=as_json, show_all=show_all, figure=figure)


def _trace(identifier: str, *, as_json: bool, show_all: bool, figure: Path | None) -> None:
    from aiida_hezsp.cli.terminal import terminal
    from aiida_hezsp.provenance.predictions import load_prediction
    from aiida_hezsp.provenance.trace import trace_prediction
    from aiida_hezsp.provenance.tree import trace_tree

    trace = trace_prediction(load_prediction(identifier))
    if figure is not None:
        from aiida_hezsp.report.trace_figure import write_trace_figure

        try:
            write_trace_figure(trace, figure)
        except OSError as error:
            raise click.ClickException(f"{figure} cannot be written: {error.strerror}") from error
        click.echo(f"{figure}: the trace of {trace.prediction['formula']}", err=as_json)
    if as_json:
        click.echo(json.dumps(trace.to_dict(), indent=1, allow_nan=False))
    elif figure is None:
        terminal().print(trace_tree(trace, show_all=show_all))


def _recall(identifier: str, *, as_json: bool, as_csv: bool, show_all: bool) -> None:
    from aiida import orm

    from aiida_hezsp.cli.inputs import load_node_or_fail
    from aiida_hezsp.cli.terminal import terminal
    from aiida_hezsp.provenance.recall import recall_calculation

    recall = recall_calculation(load_node_or_fail(identifier, orm.Node))
    if as_json:
        click.echo(json.dumps(recall.to_dict(), indent=1, allow_nan=False))
    elif as_csv:
        _write_csv(recall)
    else:
        _print_recall(recall, None if show_all else _LIMIT, terminal())


def _write_csv(recall: "Recall") -> None:
    """Write one line a dataset, model and prediction."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["kind", "pk", "uuid", "name", "msd_A2"])
    for entry in (*recall.datasets, *recall.models):
        writer.writerow([entry.kind, entry.pk, entry.uuid, entry.name, ""])
    for row in recall.predictions:
        writer.writerow(["prediction", row.pk, row.uuid, row.formula, row.msd])


def _print_recall(recall: "Recall", limit: int | None, console: object) -> None:
    from rich.tree import Tree

    from aiida_hezsp.provenance.predictions import rounded

    known = recall.calculation
    tree = Tree(f"{known['process']}<{known['pk']}> {known['label']} {known['uuid']}")
    for title, entries in (("Datasets", recall.datasets), ("Models", recall.models)):
        branch = tree.add(f"{title}: {len(entries)}")
        for entry in entries:
            branch.add(f"{entry.kind}<{entry.pk}> {entry.uuid[:8]} {entry.name}, made by {entry.made_by}")
    branch = tree.add(f"Predictions: {len(recall.predictions)}")
    for row in recall.predictions[:limit]:
        branch.add(f"{row.formula}<{row.pk}> {row.uuid[:8]} MSD {rounded(row.msd)} A^2 by {row.model_kind}")
    if limit is not None and len(recall.predictions) > limit:
        branch.add(f"... and {len(recall.predictions) - limit} more (--all, --csv or --json lists them)")
    tree.add(recall.verdict)
    console.print(tree, markup=False)  # type: ignore[attr-defined]
