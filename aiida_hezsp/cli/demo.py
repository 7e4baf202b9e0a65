"""The whole route on this machine, in minutes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from aiida import orm
    from rich.console import Console

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
    from rich.console import Console

    from aiida_hezsp.cli import environment
    from aiida_hezsp.workflows.protocol import load_protocol, parse_assignments

    overrides = parse_assignments(assignments)
    settings = load_protocol(protocol, overrides)
    console = Console()
    environment.use_directory(directory)
    _prepare(console)
    node = _discover(console, protocol, overrides, settings)
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
    console: "Console", protocol: str, overrides: dict[str, Any], settings: dict[str, Any]
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
    plan_table(plan("discover", family, settings), protocol)
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
            f"`AIIDA_PATH={Path.cwd()} verdi process report {node.pk}` tells more. Repeating the demo resumes it."
        )
    return node
