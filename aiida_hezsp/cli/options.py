"""Options that several commands share."""

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import click

from aiida_hezsp.cli.environment import ENGINE_LABEL, STANDIN_FAMILY, STANDIN_LABEL

__all__ = (
    "cell_option",
    "dft_options",
    "engine_options",
    "launch_options",
    "model_option",
    "seed_option",
    "vasp_options",
)

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _stack(*decorators: Decorator) -> Decorator:
    """Return one decorator for several, in the order of the help text."""
    return lambda function: reduce(lambda wrapped, decorator: decorator(wrapped), reversed(decorators), function)


cell_option = click.option(
    "--cell",
    type=click.Choice(["primitive", "supercell"]),
    default="primitive",
    show_default=True,
    help="For formulas.",
)
seed_option = click.option("--seed", default=1, show_default=True, help="Seed of the decoration, for formulas.")
model_option = click.option(
    "--model", default="0.3.0", show_default=True, help="Bundled name, safetensors file, or node."
)

launch_options = _stack(
    click.option("--family", default="lzsp", show_default=True, help="Family: a shipped name or a family file."),
    click.option("--protocol", default="fast", show_default=True, help="demo, fast or paper."),
    click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="SETTING=VALUE",
        help="Override a setting of the protocol, e.g. relax.fmax=0.02; may be repeated.",
    ),
    click.option("--dry-run", is_flag=True, help="Print what would run and what it would cost; launch nothing."),
    click.option("--submit", is_flag=True, help="Hand it to the daemon and return, instead of running it here."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables."),
)

engine_options = _stack(
    click.option("--engine-code", default=f"{ENGINE_LABEL}@localhost", show_default=True, help="Code of hezsp-engine."),
    click.option("--engine-options", default="{}", metavar="YAML", help="metadata.options of engine jobs."),
)

vasp_options = _stack(
    click.option(
        "--vasp-code",
        default=f"{STANDIN_LABEL}@localhost",
        show_default=True,
        help="Code of VASP; the stand-in runs where no VASP is.",
    ),
    click.option("--potential-family", default=STANDIN_FAMILY, show_default=True, help="POTCAR family."),
    click.option("--vasp-options", default="{}", metavar="YAML", help="metadata.options of VASP jobs."),
    click.option(
        "--write-inputs",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="With --dry-run: write the input files of each structure to DIR, with potentials as symbols and hashes.",
    ),
)

dft_options = _stack(
    vasp_options,
    click.option("--pw-code", help="Code of pw.x, for dft.engine=quantumespresso, e.g. pw@cluster."),
    click.option(
        "--pseudo-family",
        help="Family of aiida-pseudo for pw.x, with recommended cut-offs, e.g. SSSP/1.3/PBE/efficiency.",
    ),
    click.option("--pw-options", default="{}", metavar="YAML", help="metadata.options of pw.x jobs."),
)
