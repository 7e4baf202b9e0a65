"""`aiida-hezsp import-vasp`: finished VASP directories into the graph, as calculations and as a dataset."""

import json
import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiida_hezsp.cli import environment
from aiida_hezsp.cli.logs import quiet_console
from aiida_hezsp.errors import VaspRunError

if TYPE_CHECKING:
    from aiida import orm

    from aiida_hezsp.provenance.import_vasp import Importer, RunFiles
    from aiida_hezsp.provenance.import_vasp.dataset import Dataset
    from aiida_hezsp.provenance.import_vasp.importing import ImportedRun

__all__ = ("cmd_import_vasp",)

_CODE = "vasp-imported"


@click.command("import-vasp")
@click.argument(
    "directories",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR...",
)
@click.option("--potcar-family", required=True, metavar="NAME", help="POTCAR family that the runs were made with.")
@click.option(
    "--other-dates", is_flag=True, help="Accept POTCARs of the family with the same symbol but another title."
)
@click.option(
    "--code", metavar="LABEL", help="Code that stands for their VASP; one that cannot run is made if not given."
)
@click.option("--group", metavar="NAME", help="Put calculations and dataset into this AiiDA group; made if needed.")
@click.option("--family", default="lzsp", show_default=True, help="Family that labels the compositions.")
@click.option("--protocol", default="paper", show_default=True, help="Whose dft.images says which images are kept.")
@click.option("--set", "assignments", multiple=True, metavar="SETTING=VALUE", help="As in launch: dft.images.tail=100.")
@click.option("--dry-run", is_flag=True, help="Read and judge the runs; import nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.pass_context
def cmd_import_vasp(ctx: click.Context, directories: tuple[Path, ...], **options: Any) -> None:
    """Import the finished VASP runs in DIR... and below.

    Every run becomes a VaspCalculation, and all of one level of theory a dataset, ready for `launch finetune`. Your
    directories are only read; POTCARs in them are never opened. Runs that are damaged or unfinished are reported and
    skipped. A run that was imported before is found again by its content.

    \b
    Examples:
      aiida-hezsp import-vasp ~/runs/2019 --potcar-family PBE --dry-run
      aiida-hezsp import-vasp relax1 relax2 --potcar-family PBE --group old-runs
    """
    from aiida_hezsp.families import load_family
    from aiida_hezsp.provenance.import_vasp import find_runs, make_datasets
    from aiida_hezsp.workflows.protocol import load_protocol, parse_assignments

    family = load_family(options["family"])
    settings = load_protocol(options["protocol"], parse_assignments(options["assignments"]))
    environment.load_profile_or_fail(ctx.obj["profile"])
    quiet_console(logging.CRITICAL)  # no imported run has the scheduler's files that AiiDA warns about
    sources, skipped = find_runs(directories)
    importer = _importer(options)
    if options["dry_run"]:
        _report({"would_import": list(_judged(importer, sources, skipped)), "skipped": skipped}, options)
        return
    runs = list(_imported(importer, sources, skipped))
    if not runs:
        _report({"runs": [], "skipped": skipped}, options)
        raise click.ClickException("nothing was imported")
    datasets, without = make_datasets(runs, settings["dft"]["images"], family)
    _into_group(options["group"], [*(run.node for run in runs), *(dataset.images for dataset in datasets)])
    rows = [row for dataset in datasets for row in _rows(dataset)]
    summaries = [_summary(dataset) for dataset in datasets]
    _report({"runs": rows, "skipped": skipped | without, "datasets": summaries}, options)


def _importer(options: Mapping[str, Any]) -> "Importer":
    """Return the importer with the code and the POTCAR family that the user named."""
    from aiida_hezsp.provenance.import_vasp import Importer
    from aiida_hezsp.workflows.dft.potentials import family_potentials

    family_potentials(options["potcar_family"])  # refuses before a code is made
    if options["code"]:
        code: Any = environment.load_code_or_fail(options["code"])
    else:
        code = None if options["dry_run"] else environment.ensure_imported_code(_CODE)
    return Importer(code, options["potcar_family"], other_dates=options["other_dates"])


def _judged(importer: "Importer", sources: "Sequence[RunFiles]", skipped: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Read every run; yield what would be imported and note the others in `skipped`."""
    from aiida_hezsp.provenance.import_vasp.levels import name_of

    for source in _with_progress(sources):
        with tempfile.TemporaryDirectory(prefix="hezsp-import-") as folder:
            try:
                run = importer.check(source, Path(folder))
            except VaspRunError as error:
                skipped[str(source)] = str(error)
                continue
            yield {
                "source": str(source),
                "formula": run.initial.composition.reduced_formula,
                "kind": run.kind,
                "steps": run.n_steps,
                "vasp": run.version,
                "level": name_of(run.level),
            }


def _imported(importer: "Importer", sources: "Sequence[RunFiles]", skipped: dict[str, str]) -> "Iterator[ImportedRun]":
    """Import every run; yield those that are in the graph now and note the others in `skipped`."""
    seen: dict[str, str] = {}
    for source in _with_progress(sources):
        with tempfile.TemporaryDirectory(prefix="hezsp-import-") as folder:
            try:
                run = importer.add(importer.check(source, Path(folder)))
            except VaspRunError as error:
                skipped[str(source)] = str(error)
                continue
            if (first := seen.setdefault(run.node.uuid, str(source))) != str(source):
                skipped[str(source)] = f"a copy of {first}"
                continue
            yield run


def _with_progress(sources: "Sequence[RunFiles]") -> "Iterable[RunFiles]":
    """Show how far a loop over runs is: a bar in a terminal, a line a run elsewhere."""
    from rich.progress import track

    from aiida_hezsp.cli.terminal import terminal

    console = terminal(stderr=True)
    if console.is_terminal:
        yield from track(sources, description="Reading runs", console=console, transient=True)
        return
    for number, source in enumerate(sources, start=1):
        console.print(f"{number}/{len(sources)}  {source}", soft_wrap=True, highlight=False, markup=False)
        yield source


def _into_group(name: str | None, nodes: "Sequence[orm.Node]") -> None:
    """Add nodes to a group."""
    if name:
        from aiida import orm

        group, _ = orm.Group.collection.get_or_create(name)
        group.add_nodes(list(nodes))


def _rows(dataset: "Dataset") -> list[dict[str, Any]]:
    """Return what is to be said of every run in the dataset."""
    return [
        {
            "source": str(run.source),
            "pk": run.node.pk,
            "uuid": run.node.uuid,
            "path": key,
            "kind": run.kind,
            "steps": run.n_steps,
            "vasp": run.version,
            "level": dataset.level,
            "new": run.is_new,
        }
        for key, path in dataset.paths.items()
        for run in path
    ]


def _summary(dataset: "Dataset") -> dict[str, Any]:
    """Return what is to be said of the dataset."""
    images = dataset.images
    return {
        "pk": images.pk,
        "uuid": images.uuid,
        "n_images": images.n_images,
        "groups": images.groups,
        "engines": images.engines,
        "level": dataset.level,
        "left_out": dataset.removed,
        "new": dataset.is_new,
    }


def _report(found: dict[str, Any], options: Mapping[str, Any]) -> None:
    """Print what was found, as JSON or as tables."""
    if options["as_json"]:
        click.echo(json.dumps(found, indent=1))
        return
    from aiida_hezsp.cli.import_table import import_tables

    import_tables(found)
