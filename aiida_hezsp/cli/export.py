"""`aiida-hezsp export`: an archive of predictions with everything they rest on."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from aiida import orm

__all__ = ("cmd_export",)


@click.command("export")
@click.argument("predictions", nargs=-1)
@click.option("--process", metavar="PK", help="Export all predictions of a screen or discovery, with its steps.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, metavar="FILE.aiida", help="The archive."
)
@click.option("--csv", "csv_path", type=click.Path(path_type=Path, dir_okay=False), help="Also write a table.")
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
@click.pass_context
def cmd_export(
    ctx: click.Context,
    predictions: tuple[str, ...],
    process: str | None,
    output: Path,
    csv_path: Path | None,
    overwrite: bool,
) -> None:
    """Write an archive of PREDICTIONS with all their ancestors, down to the DFT calculations.

    PREDICTIONS are pks, UUIDs, formulas or labels; without them all of --process, or all of the profile. The archive
    is read back before it gets its name, and refused if it holds the text of a POTCAR.

    \b
    Examples:
      aiida-hezsp export --process 4510 --output campaign.aiida --csv ranking.csv
      aiida-hezsp export Li2.625Zr0.5Ti0.375Sn0.375Hf0.375Nb0.375Si2PO12 --output best.aiida
    """
    if predictions and process:
        raise click.UsageError("name predictions or a process, not both")
    from aiida_hezsp.cli.environment import load_profile_or_fail

    load_profile_or_fail(ctx.obj["profile"])
    from aiida import orm
    from aiida.tools.archive.create import EXPORT_LOGGER

    from aiida_hezsp.cli.inputs import load_node_or_fail
    from aiida_hezsp.errors import ArchiveError
    from aiida_hezsp.provenance.export import export_archive
    from aiida_hezsp.provenance.predictions import rank_predictions
    from aiida_hezsp.provenance.table import write_csv

    node = None if process is None else load_node_or_fail(process, orm.ProcessNode)
    chosen = _chosen(predictions, node)
    if csv_path is not None and csv_path.exists() and not overwrite:
        raise ArchiveError(f"{csv_path} exists already: choose another name, or add --overwrite")
    EXPORT_LOGGER.setLevel("WARNING")  # it tells every table it writes
    report = export_archive(chosen, output, process=node, overwrite=overwrite)
    click.echo(
        f"{output}: {report.n_predictions} predictions, {report.n_nodes} nodes, {report.n_files} files, "
        f"{report.size_mb:.1f} MB; groups {', '.join(report.groups)}; no POTCAR text inside"
    )
    if csv_path is not None:
        uuids = {prediction.uuid for prediction in chosen}
        ranked = [row for row in rank_predictions(node) if row.uuid in uuids]
        write_csv(ranked, csv_path)
        click.echo(f"{csv_path}: {len(ranked)} rows")


def _chosen(predictions: tuple[str, ...], process: "orm.ProcessNode | None") -> "list[orm.Dict]":
    from aiida import orm

    from aiida_hezsp.provenance.predictions import load_prediction, rank_predictions

    if predictions:
        return [load_prediction(identifier) for identifier in predictions]
    return [orm.load_node(row.pk) for row in rank_predictions(process)]
