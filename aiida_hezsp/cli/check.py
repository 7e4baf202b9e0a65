"""`aiida-hezsp check`: the report of a transfer check or of an AIMD run, as a table and a figure."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from aiida_hezsp.cli.output import check_output, print_table

__all__ = ("cmd_check",)

_RELAXATION, _DYNAMICS, _AIMD = "hezsp.checks.relaxation", "hezsp.checks.dynamics", "hezsp.dft.aimd"


@click.command("check")
@click.argument("process")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the figure to this file: PNG, SVG or PDF.",
)
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.pass_context
def cmd_check(ctx: click.Context, process: str, output: Path | None, overwrite: bool, as_json: bool) -> None:
    """Show the report of a PROCESS (pk or UUID): a transfer check, or an AIMD run.

    Relaxations by DFT and by CHGNet (hezsp.checks.relaxation): time, energy, volume, dV and RSSD, as Table 1 of the
    paper. Dynamics (hezsp.checks.dynamics): MSD, diffusion and bond lengths of both, as Fig. 3. An AIMD run alone
    (hezsp.dft.aimd): the same of one run.

    \b
    Examples:
      aiida-hezsp check 4711
      aiida-hezsp check 4711 --output dynamics.png
    """
    from aiida_hezsp.cli.environment import load_profile_or_fail
    from aiida_hezsp.report.write import SUFFIXES, write_figure

    if output is not None:
        check_output(output, suffixes=SUFFIXES, overwrite=overwrite)
    load_profile_or_fail(ctx.obj["profile"])
    node, kind = _load(process)
    report = node.outputs.results.get_dict() if kind == _AIMD else node.outputs.report.get_dict()
    if as_json:
        left_out = node.outputs.left_out.get_dict() if "left_out" in node.outputs else {}
        click.echo(json.dumps({**report, "left_out": left_out}, indent=1))
    elif kind == _RELAXATION:
        _print_relaxations(report, node.outputs.left_out.get_dict())
    else:
        _print_runs({"aimd": report} if kind == _AIMD else report)
    if output is not None:
        write_figure(_figure(node, kind, report), output)
        click.echo(f"{output}: {node.process_label}<{node.pk}>", err=as_json)


def _load(identifier: str) -> tuple[Any, str]:
    """Return a finished process with a report, and its entry point."""
    from aiida import orm

    from aiida_hezsp.cli.inputs import load_node_or_fail

    node = load_node_or_fail(identifier, orm.ProcessNode)
    kind = (node.process_type or "").rpartition(":")[2]
    if kind not in {_RELAXATION, _DYNAMICS, _AIMD}:
        raise click.ClickException(
            f"{node.process_label}<{node.pk}> is neither a transfer check nor an AIMD run "
            f"({_RELAXATION}, {_DYNAMICS}, {_AIMD})"
        )
    if ("results" if kind == _AIMD else "report") not in node.outputs:
        reason = node.exit_message or node.process_state.value
        raise click.ClickException(f"{node.process_label}<{node.pk}> has no report: {reason}")
    return node, kind


def _figure(node: Any, kind: str, report: Mapping[str, Any]) -> Any:
    """Return the figure of a report."""
    from aiida_hezsp.report.checks import dynamics_figure, relaxation_figure

    if kind == _RELAXATION:
        standin = any(engine.startswith("standin") for engine in report["engines"])
        return relaxation_figure(report, standin=standin)
    curves = node.outputs.trajectory if kind == _AIMD else node.outputs.curves
    arrays = {name: curves.get_array(name) for name in curves.get_arraynames()}
    if kind == _AIMD:
        arrays = {name if name == "bond_lengths" else f"aimd_{name}": values for name, values in arrays.items()}
    engine = report["label_engine"] if kind == _AIMD else report["aimd"]["label_engine"]
    title = f"{node.inputs.structure.get_formula()}, {node.inputs.settings['dft']['aimd']['temperature']:g} K"
    return dynamics_figure(arrays, title, standin=engine.startswith("standin"))


def _print_relaxations(report: Mapping[str, Any], left_out: Mapping[str, str]) -> None:
    headers = ["Structure", "DFT s", "E eV", "V A^3", "CHGNet s", "E eV", "V A^3", "dV %", "RSSD A"]
    rows = [
        [
            label,
            f"{row['dft']['time_s']:.0f}" + ("" if row["dft"]["time_is_complete"] else "+"),
            f"{row['dft']['energy']:.3f}",
            f"{row['dft']['volume']:.3f}",
            f"{row['chgnet']['time_s']:.1f}",
            f"{row['chgnet']['energy']:.3f}",
            f"{row['chgnet']['volume']:.3f}",
            f"{row['dv_percent']:.2f}",
            f"{row['rssd']:.3f}",
        ]
        for label, row in report["structures"].items()
    ]
    print_table(headers, rows)
    summary = report["summary"]
    click.echo(
        f"dV below 1 %: {summary['dv_below_1_percent']} of {summary['n']}; "
        f"RSSD below 1 A: {summary['rssd_below_1_A']} of {summary['n']}; DFT by {', '.join(report['engines'])}"
    )
    for label, reason in left_out.items():
        click.echo(f"left out: {label}: {reason}")


def _print_runs(report: Mapping[str, Any]) -> None:
    names = [name for name in ("aimd", "chgnet") if name in report]
    rows = [
        ["length (ps)", *(f"{report[name]['length_ps']:g}" for name in names)],
        ["temperature (K)", *(_pair(report[name], "temperature_mean", "temperature_std", 1.0) for name in names)],
        ["MSD (A^2)", *(_pair(report[name], "msd", "msd_error", 1.0) for name in names)],
        ["D (1e-5 cm^2/s)", *(_pair(report[name], "diffusion_coefficient", "diffusion_error", 1e5) for name in names)],
    ]
    for pair in report["aimd"]["bond_lengths"]:
        found = [report[name]["bond_lengths"].get(pair) for name in names]
        cells = ["-" if shell is None else f"{shell['mean']:.3f} A x {shell['neighbours']:.2f}" for shell in found]
        rows.append([pair, *cells])
    overlaps = report.get("bonds", {})
    headers = ["", *("AIMD" if name == "aimd" else "CHGNet" for name in names)]
    if overlaps:
        headers.append("Overlap")
        rows = [[*row, f"{overlaps[row[0]]['overlap']:.3f}" if row[0] in overlaps else ""] for row in rows]
    print_table(headers, rows)


def _pair(result: Mapping[str, Any], value: str, error: str, factor: float) -> str:
    """Return a value with its error, where they are known."""
    if result[value] is None:
        return "-"
    shown = f"{factor * result[value]:.4g}"
    return shown if result[error] is None else f"{shown} +- {factor * result[error]:.2g}"
