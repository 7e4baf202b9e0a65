"""`aiida-hezsp figures`: the figures of a campaign as files, drawn from its nodes."""

import json
from pathlib import Path

import click

__all__ = ("cmd_figures",)


@click.command("figures")
@click.argument("process", required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("figures"),
    show_default=True,
    help="Folder to write to; made if it does not exist.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(["png", "svg", "pdf"]),
    multiple=True,
    default=("png",),
    show_default=True,
    help="May be repeated.",
)
@click.option("--only", multiple=True, metavar="NAME", help="Draw this figure alone; may be repeated. See --list.")
@click.option("--list", "list_names", is_flag=True, help="Print the names of the figures and those of the paper.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def cmd_figures(
    ctx: click.Context,
    process: str | None,
    output: Path,
    formats: tuple[str, ...],
    only: tuple[str, ...],
    list_names: bool,
    as_json: bool,
) -> None:
    """Draw the figures of a PROCESS (pk or UUID of a screen or discovery), or of all predictions of the profile.

    A figure is drawn where the graph holds what it shows: parity of the potential, MSD curves, distributions, errors
    and importances of the models, SHAP values, regions checked by MD, Arrhenius lines, robustness.

    \b
    Examples:
      aiida-hezsp figures 4510 --output figures --format svg
      aiida-hezsp figures --only shap --only waterfall
    """
    if list_names:
        _list(as_json)
        return
    from aiida_hezsp.cli.environment import load_profile_or_fail

    load_profile_or_fail(ctx.obj["profile"])
    from aiida import orm

    from aiida_hezsp.cli.inputs import load_node_or_fail
    from aiida_hezsp.errors import HezspError
    from aiida_hezsp.report.campaign import gather_campaign
    from aiida_hezsp.report.figure_files import write_figures
    from aiida_hezsp.report.figures import campaign_figures

    node = None if process is None else load_node_or_fail(process, orm.ProcessNode)
    campaign = gather_campaign(node)
    if not any(campaign_figures(campaign, only)):
        raise HezspError(f"there are no data for {', '.join(only)} in this graph")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HezspError(f"{output} cannot be made: {error.strerror}") from error
    written = write_figures(campaign, output, formats, only)
    if as_json:
        click.echo(json.dumps([{"file": str(output / name), "shows": caption} for name, caption in written], indent=1))
        return
    for name, caption in written:
        click.echo(f"{output / name}: {caption}")


def _list(as_json: bool) -> None:
    """Print the names of the figures."""
    from aiida_hezsp.report.figures import FIGURES

    if as_json:
        click.echo(json.dumps(FIGURES, indent=1))
        return
    width = max(map(len, FIGURES))
    for name, paper in FIGURES.items():
        click.echo(f"{name:{width}}  {paper}".rstrip())
