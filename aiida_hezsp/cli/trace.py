"""`aiida-hezsp trace`: everything a prediction rests on."""

import json

import click

__all__ = ("cmd_trace",)


@click.command("trace")
@click.argument("prediction")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a tree.")
@click.option("--all", "show_all", is_flag=True, help="List every step; long lists are cut otherwise.")
@click.pass_context
def cmd_trace(ctx: click.Context, prediction: str, as_json: bool, show_all: bool) -> None:
    """Follow a PREDICTION back to its DFT calculations.

    PREDICTION is a pk, a UUID (or its beginning), a formula or a label; of several predictions of one composition the
    newest is taken. Every DFT calculation is listed with what made its labels: VASP, or the stand-in.

    \b
    Examples:
      aiida-hezsp trace Li2.625Zr0.5Ti0.375Sn0.375Hf0.375Nb0.375Si2PO12
      aiida-hezsp trace 4821 --all
      aiida-hezsp trace 4821 --json > trace.json
    """
    from aiida_hezsp.cli.environment import load_profile_or_fail

    load_profile_or_fail(ctx.obj["profile"])
    from aiida_hezsp.cli.terminal import terminal
    from aiida_hezsp.provenance.predictions import load_prediction
    from aiida_hezsp.provenance.trace import trace_prediction
    from aiida_hezsp.provenance.tree import trace_tree

    trace = trace_prediction(load_prediction(prediction))
    if as_json:
        click.echo(json.dumps(trace.to_dict(), indent=1, allow_nan=False))
    else:
        terminal().print(trace_tree(trace, show_all=show_all))
