"""`aiida-hezsp explore`: one page to search predictions, look at each, and see what it rests on."""

from pathlib import Path
from typing import Any

import click

from aiida_hezsp.cli.criteria import criteria_from, criteria_options

__all__ = ("cmd_explore",)


@click.command("explore")
@click.argument("process", required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("explorer.html"),
    show_default=True,
    help="The page: one HTML file that needs no server and no network.",
)
@criteria_options
@click.option("--group", "group_label", metavar="LABEL", help="Only predictions in this AiiDA group.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, those with the largest MSD.")
@click.option("--title", help="Title of the page; the label of the process if not given.")
@click.option("--no-structures", is_flag=True, help="Leave the structures out: a quarter of the size; no 3D, no CIF.")
@click.pass_context
def cmd_explore(
    ctx: click.Context,
    process: str | None,
    output: Path,
    group_label: str | None,
    limit: int | None,
    title: str | None,
    no_structures: bool,
    **options: Any,
) -> None:
    """Write a page to explore predictions: of one PROCESS (pk or UUID of a screen or discovery), or all of the profile.

    Criteria, as of `aiida-hezsp search`, say what the page holds; on the page it can be filtered further.

    The page has the table with filters (periodic table, ranges, text), and for each prediction its place in the
    distribution, the structure in 3D, features, SHAP waterfall, trace and UUIDs. It opens from the disk.

    \b
    Examples:
      aiida-hezsp explore
      aiida-hezsp explore 4510 --limit 1000 --output top.html
      aiida-hezsp explore --all-of Hf,Nb --model GB --no-structures
    """
    from aiida_hezsp.cli.environment import load_profile_or_fail

    load_profile_or_fail(ctx.obj["profile"])
    from aiida import orm

    from aiida_hezsp.cli.inputs import load_node_or_fail
    from aiida_hezsp.report.explorer.page import write_explorer
    from aiida_hezsp.report.explorer.source import gather_explorer, uuids_of_group

    uuids = _found(options)
    if group_label is not None:
        members = uuids_of_group(group_label)
        uuids = members if uuids is None else uuids & members
    node = None if process is None else load_node_or_fail(process, orm.ProcessNode)
    content = gather_explorer(node, uuids=uuids, limit=limit, title=title, structures=not no_structures)
    write_explorer(content, output)
    n_rows = len(content.table["columns"]["uuid"])
    click.echo(f"{output}: {n_rows} predictions, {output.stat().st_size / 1e6:.1f} MB")


def _found(options: dict[str, Any]) -> set[str] | None:
    """Return the UUIDs of what fulfils the criteria; None where there are none."""
    if not any(options.values()):
        return None
    from aiida_hezsp.provenance.search import search

    return {row.uuid for row in search(criteria_from(options)).rows}
