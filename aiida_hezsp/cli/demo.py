"""The whole route on this machine, in minutes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from aiida import orm
    from rich.console import Console
    from rich.table import Table

__all__ = ("cmd_demo",)

_PROFILE = "hezsp-demo"


@click.command("demo")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".demo"),
    show_default=True,
    help="Where profile, calculations and results go.",
)
@click.option("--protocol", default="demo", show_default=True, help="demo, fast or paper.")
@click.option("--set", "assignments", multiple=True, metavar="SETTING=VALUE", help="Override a setting.")
def cmd_demo(directory: Path, protocol: str, assignments: tuple[str, ...]) -> None:
    """Discover high-entropy solid electrolytes of the LZSP family on this machine.

    Runs every stage with its real parts; the VASP stand-in plays VASP, and everything it labelled says so. Uses a
    profile of its own in DIRECTORY and leaves your AiiDA profiles alone. Repeat it to resume: finished calculations
    are found again.

    \b
    Examples:
      aiida-hezsp demo
      aiida-hezsp demo --directory /tmp/demo --set md.n_steps=1000
    """
    from aiida_hezsp.cli import environment
    from aiida_hezsp.cli.terminal import terminal
    from aiida_hezsp.workflows.protocol import load_protocol, parse_assignments

    overrides = parse_assignments(assignments)
    settings = load_protocol(protocol, overrides)
    console = terminal()
    environment.use_directory(directory)
    _prepare(console)
    node = _discover(console, directory, protocol, overrides, settings)
    _results(console, node, directory)


def _prepare(console: "Console") -> None:
    """Load or make the demo's profile, codes and placeholder potentials."""
    from aiida.manage.configuration import get_config

    from aiida_hezsp.cli import environment

    if _PROFILE in get_config(create=True).profile_names:
        environment.load_profile_or_fail(_PROFILE)
    else:
        environment.create_embedded_profile(_PROFILE)
    environment.ensure_codes(environment.ensure_computer())
    environment.ensure_standin_potentials()
    console.print(f"Profile [bold]{_PROFILE}[/] in {get_config().dirpath}")


def _discover(
    console: "Console", directory: Path, protocol: str, overrides: dict[str, Any], settings: dict[str, Any]
) -> "orm.ProcessNode":
    """Run the discovery and return its node."""
    from aiida import orm

    from aiida_hezsp.cli import environment
    from aiida_hezsp.cli.plan_table import plan_table
    from aiida_hezsp.cli.progress import run_with_progress
    from aiida_hezsp.families import load_family
    from aiida_hezsp.workflows.discover import DiscoverWorkChain
    from aiida_hezsp.workflows.plan import plan

    family = load_family("lzsp")
    plan_table(plan("discover", family, settings, standin=True), protocol)
    builder = DiscoverWorkChain.get_builder_from_protocol(
        engine_code=environment.load_code_or_fail(f"{environment.ENGINE_LABEL}@localhost"),
        protocol=protocol,
        overrides=overrides,
        family=orm.Dict(family.to_dict()),
        vasp={
            "code": environment.load_code_or_fail(f"{environment.STANDIN_LABEL}@localhost"),
            "potential_family": orm.Str(environment.STANDIN_FAMILY),
        },
    )
    builder.metadata.label = f"discover lzsp ({protocol})"
    node = run_with_progress(builder, console)
    if not node.is_finished_ok:
        raise click.ClickException(
            f"{node.process_label}<{node.pk}> failed: {node.exit_message or node.process_state.value}; "
            f"`verdi process report {node.pk}` with AIIDA_PATH={directory.resolve()} tells more; "
            "repeating the demo resumes it"
        )
    return node


def _results(console: "Console", node: "orm.ProcessNode", directory: Path) -> None:
    """Print errors, ranking and trace; write archive, CSV and page."""
    from aiida_hezsp.cli.models import described, models_table
    from aiida_hezsp.cli.rank import rank_table
    from aiida_hezsp.provenance.export import export_archive
    from aiida_hezsp.provenance.predictions import load_prediction, predictions_of, rank_predictions
    from aiida_hezsp.provenance.table import write_csv
    from aiida_hezsp.provenance.trace import trace_prediction
    from aiida_hezsp.provenance.tree import trace_tree
    from aiida_hezsp.report.page import write_page

    console.print(_errors_table(node))
    console.print(models_table([described(model) for _, model in sorted(node.outputs.models.items())]))
    ranked = rank_predictions(node)
    console.print(rank_table(ranked, limit=len(ranked)))
    best = load_prediction(ranked[0].uuid)
    console.print(f"What the prediction for [bold]{ranked[0].formula}[/] rests on:")
    console.print(trace_tree(trace_prediction(best)))
    archive, table, page = (directory / name for name in ("discovery.aiida", "ranking.csv", "report.html"))
    with console.status("Writing the archive, the table and the page ..."):
        export = export_archive(predictions_of(node), archive, process=node, overwrite=True)
        write_csv(ranked, table)
        write_page(node, page)
    console.print(f"Archive  {archive}  ({export.n_nodes} nodes, {export.size_mb:.1f} MB)", soft_wrap=True)
    console.print(f"Table    {table}", soft_wrap=True)
    console.print(f"Page     {page}", soft_wrap=True)
    console.print(
        f"Look on with [bold]export AIIDA_PATH={directory.resolve()}[/] and then e.g. `aiida-hezsp trace {best.pk}`, "
        f"`aiida-hezsp rank`, `verdi process status {node.pk}`.",
        soft_wrap=True,
    )


def _errors_table(node: "orm.ProcessNode") -> "Table":
    """Return the errors of both models against the labels, before and after fine-tuning."""
    from rich.table import Table

    table = Table(title="Errors against the DFT labels: pretrained, then fine-tuned")
    for name in ("model", "images", "number"):
        table.add_column(name, justify="right" if name == "number" else "left")
    for name in ("energy MAE meV/atom", "force MAE meV/A"):
        table.add_column(name, justify="right")
    for model, output in (("relaxation", node.outputs.relaxation_metrics), ("MD", node.outputs.md_metrics)):
        metrics = output["metrics"]
        for split, title in (("test", "test"), ("unseen", "unseen compositions")):
            before, after = (metrics[when].get(split) for when in ("before", "after_final"))
            if before and after:
                table.add_row(model, title, str(before["n_images"]), *_changes(before, after))
    return table


def _changes(before: dict[str, float], after: dict[str, float]) -> list[str]:
    """Return energy and force errors as `before -> after`."""
    return [f"{before[name]:.1f} -> {after[name]:.1f}" for name in ("energy_mae", "force_mae")]
