"""`aiida-hezsp export`: predictions with everything they rest on, ready to be published."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiida_hezsp.cli.deposit_options import asked_metadata, metadata_options, print_template
from aiida_hezsp.cli.output import check_output

if TYPE_CHECKING:
    from aiida import orm

    from aiida_hezsp.provenance.deposit_metadata import DepositMetadata
    from aiida_hezsp.provenance.predictions import RankedPrediction

__all__ = ("cmd_export",)

_ARCHIVE = ".aiida"


@click.command("export")
@click.argument("predictions", nargs=-1)
@click.option("--process", metavar="PK", help="Export all predictions of a screen or discovery, with its steps.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FOLDER|FILE.aiida",
    help="The folder; a name that ends in .aiida gives the archive alone.",
)
@click.option("--zip", "zipped", is_flag=True, help="One zip file of the folder instead of the folder.")
@click.option(
    "--no-trajectories",
    is_flag=True,
    help="Leave out trajectories that no calculation in the archive has used; says how many and how large.",
)
@metadata_options
@click.option("--no-figures", is_flag=True, help="Draw no figures.")
@click.option(
    "--csv", "csv_path", type=click.Path(path_type=Path, dir_okay=False), help="Beside an archive alone: a table."
)
@click.option("--force", "--overwrite", "force", is_flag=True, help="Replace an older export.")
@click.option(
    "--metadata-template",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_template,
    help="Print a metadata file to fill in, and stop.",
)
@click.pass_context
def cmd_export(
    ctx: click.Context,
    predictions: tuple[str, ...],
    process: str | None,
    output: Path,
    zipped: bool,
    no_trajectories: bool,
    no_figures: bool,
    csv_path: Path | None,
    force: bool,
    **metadata: Any,
) -> None:
    """Write PREDICTIONS with all their ancestors, down to the DFT calculations, into a folder ready to be published.

    PREDICTIONS are pks, UUIDs, formulas or labels; without them all of --process, or all of the profile. The folder
    holds the archive, README, table, models, figures, optimade.yaml and checksums. It is verified before it gets its
    name, and refused if the text of a POTCAR is anywhere in it.

    \b
    Examples:
      aiida-hezsp export --metadata-template > metadata.yaml
      aiida-hezsp export --process 4510 --metadata metadata.yaml --output campaign
      aiida-hezsp export --process 4510 --metadata metadata.yaml --output campaign.zip --zip --no-trajectories
      aiida-hezsp export Li2.625Zr0.5Ti0.375Sn0.375Hf0.375Nb0.375Si2PO12 --output best.aiida
    """
    _check_options(predictions, process, output, csv_path, zipped=zipped)
    alone = output.suffix == _ARCHIVE
    deposit = None if alone else asked_metadata(**metadata)
    from aiida_hezsp.cli.environment import load_profile_or_fail

    load_profile_or_fail(ctx.obj["profile"])
    from aiida import orm

    from aiida_hezsp.cli.inputs import load_node_or_fail

    node = None if process is None else load_node_or_fail(process, orm.ProcessNode)
    ranked = _ranked(predictions, node)
    options = {"process": node, "overwrite": force, "trajectories": not no_trajectories}
    if deposit is None:
        _archive(ranked, output, csv_path, **options)
    else:
        figures = None if no_figures else lambda folder: _figures(node, ranked, folder)
        _folder(ranked, output, deposit, figures=figures, zipped=zipped, **options)


def _check_options(
    predictions: tuple[str, ...], process: str | None, output: Path, csv_path: Path | None, *, zipped: bool
) -> None:
    """Refuse options that contradict each other."""
    alone = output.suffix == _ARCHIVE
    if predictions and process:
        raise click.UsageError("name predictions or a process, not both")
    if alone and zipped:
        raise click.UsageError("--zip is for the folder: an archive alone is one file already")
    if csv_path is not None and not alone:
        raise click.UsageError("--csv is for an archive alone: the folder has its table")


def _ranked(predictions: tuple[str, ...], process: "orm.ProcessNode | None") -> "list[RankedPrediction]":
    """Return the predictions that were asked for, in the order of their MSD."""
    from aiida_hezsp.errors import PredictionError
    from aiida_hezsp.provenance.predictions import load_prediction, rank_predictions

    if not predictions:
        return rank_predictions(process)
    chosen = {load_prediction(identifier).uuid for identifier in predictions}
    ranked = [row for row in rank_predictions() if row.uuid in chosen]
    if older := sorted(chosen - {row.uuid for row in ranked}):
        raise PredictionError(f"{older[0]} is an older copy of another prediction (AiiDA's cache): name the newest one")
    return ranked


def _folder(
    ranked: "list[RankedPrediction]", output: Path, metadata: "DepositMetadata", *, zipped: bool, **options: Any
) -> None:
    """Write the folder, or a zip file of it, and tell what is in it."""
    from aiida_hezsp.provenance.export.deposit import export_deposit

    # Not with_suffix: `campaign-0.3` has none, only a number.
    target = output if not zipped or output.suffix == ".zip" else output.with_name(f"{output.name}.zip")
    with _progress() as progress:
        report = export_deposit(ranked, target, metadata, zipped=zipped, progress=progress, **options)
    _tell(report)


def _archive(ranked: "list[RankedPrediction]", output: Path, csv_path: Path | None, **options: Any) -> None:
    """Write the archive alone, and a table if asked for."""
    from aiida_hezsp.provenance.export import export_archive
    from aiida_hezsp.provenance.table import write_csv

    if csv_path is not None:
        check_output(csv_path, overwrite=options["overwrite"], option="--force")
    with _progress() as progress:
        report = export_archive([row.pk for row in ranked], output, progress=progress, **options)
    left_out = f"; {report.n_left_out} trajectories left out" if not options["trajectories"] else ""
    click.echo(
        f"{output}: {report.n_predictions} predictions, {report.n_nodes} nodes, {report.n_files} files, "
        f"{report.size_mb:.1f} MB; groups {', '.join(report.groups)}; no POTCAR text inside{left_out}"
    )
    if csv_path is not None:
        write_csv(ranked, csv_path)
        click.echo(f"{csv_path}: {len(ranked)} rows")


def _figures(
    process: "orm.ProcessNode | None", ranked: "list[RankedPrediction]", folder: Path
) -> list[tuple[str, str]]:
    from aiida_hezsp.report.campaign import gather_campaign
    from aiida_hezsp.report.figure_files import write_figures

    return write_figures(gather_campaign(process, ranked), folder)


def _tell(report: Any) -> None:
    """Print what was written and how large it is."""
    archive = report.archive
    for name, size in report.sizes.items():
        click.echo(f"{size / 1e6:10.3f} MB  {name}")
    click.echo(
        f"{report.path}: {archive.n_predictions} predictions, {archive.n_nodes} nodes, {archive.n_files} files in the "
        f"archive; verified: no POTCAR text, no pickles, checksums right"
    )
    if report.left_out_bytes is not None:
        click.echo(f"left out: {archive.n_left_out} trajectories, {report.left_out_bytes / 1e6:.1f} MB before packing")
    if report.standin:
        click.echo("Stand-in labels: no VASP ran, and no number here says anything about a material.")


@contextmanager
def _progress() -> Iterator[Any]:
    """Show how far it is, on a terminal."""
    from rich.progress import Progress

    from aiida_hezsp.cli.terminal import terminal

    console = terminal(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as shown:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=total)
            shown.update(tasks[what], completed=done)

        yield tell
