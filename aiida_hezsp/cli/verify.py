"""`aiida-hezsp verify`: is this archive safe and whole?"""

import json
from pathlib import Path

import click

__all__ = ("cmd_verify",)


@click.command("verify")
@click.argument("path", type=click.Path(path_type=Path), metavar="ARCHIVE|FOLDER")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def cmd_verify(ctx: click.Context, path: Path, as_json: bool) -> None:
    """Check an ARCHIVE, an exported FOLDER or a zip file of one before anybody imports it; no profile is needed.

    Looked at, from the outside in and without running anything: the zip file (climbing paths, bombs, repeated names),
    the schema, the database (opened read-only; triggers and views refused), the files of all nodes against their
    checksums, licensed POTCAR text, pickles, arrays that lie about their size, model files by the loaders that read
    them later; of a folder also checksums, README, table and optimade.yaml against the archive. One line per finding;
    exit code 1 if there is any.

    \b
    Examples:
      aiida-hezsp verify campaign.aiida
      aiida-hezsp verify campaign/ --json
    """
    from rich.progress import Progress

    from aiida_hezsp.cli.terminal import terminal
    from aiida_hezsp.provenance.verify import verify

    console = terminal(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task("files", total=None)
        report = verify(path, progress=lambda done, total: shown.update(task, completed=done, total=total))
    if as_json:
        click.echo(json.dumps(report.to_dict(), indent=1))
        ctx.exit(0 if report.ok else 1)
    for finding in report.findings:
        click.echo(f"REFUSED  {finding}")
    for note in report.notes:
        click.echo(f"note     {note}")
    if not report.ok:
        click.echo(f"{path}: {len(report.findings)} findings: do not import it")
        ctx.exit(1)
    counts = report.counts
    click.echo(
        f"{path}: whole and safe to import: {counts['predictions']} predictions, {counts['nodes']} nodes, "
        f"{counts['links']} links, {counts['files']} files"
    )
