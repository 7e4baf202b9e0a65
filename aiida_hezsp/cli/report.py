"""`aiida-hezsp report`: one page about a campaign."""

from pathlib import Path

import click

__all__ = ("cmd_report",)


@click.command("report")
@click.argument("process", required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    help="The page: one HTML file that needs no network.",
)
@click.pass_context
def cmd_report(ctx: click.Context, process: str | None, output: Path) -> None:
    """Write a page about a PROCESS (pk or UUID of a screen or discovery), or about all predictions of the profile.

    The page holds the ranked table, the figures (parity, MSD, errors, importances, SHAP), the errors before and after
    fine-tuning, the trace of the best prediction, versions and UUIDs, and says what made the labels.

    \b
    Examples:
      aiida-hezsp report 4510 --output discovery.html
    """
    from aiida_hezsp.cli.environment import load_profile_or_fail

    load_profile_or_fail(ctx.obj["profile"])
    from aiida import orm

    from aiida_hezsp.cli.inputs import load_node_or_fail
    from aiida_hezsp.report.page import write_page

    node = None if process is None else load_node_or_fail(process, orm.ProcessNode)
    write_page(node, output)
    click.echo(f"{output}: {output.stat().st_size / 1e6:.1f} MB")
