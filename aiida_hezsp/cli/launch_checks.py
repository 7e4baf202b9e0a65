"""Launch AIMD and the transfer checks; `launch.py` adds these commands to its group."""

from typing import Any

import click

from aiida_hezsp.cli.inputs import model_node
from aiida_hezsp.cli.launcher import Launch
from aiida_hezsp.cli.options import (
    cell_option,
    engine_options,
    launch_options,
    model_option,
    seed_option,
    vasp_options,
)

__all__ = ("cmd_aimd", "cmd_check_dynamics", "cmd_check_relaxation")

_STRUCTURE = click.argument("structures", metavar="STRUCTURE", callback=lambda _ctx, _param, value: (value,))
_TEMPERATURE = click.option("--temperature", type=float, help="K; that of the protocol if not given.")


@click.command("aimd")
@_STRUCTURE
@cell_option
@seed_option
@_TEMPERATURE
@vasp_options
@launch_options
@click.pass_context
def cmd_aimd(ctx: click.Context, **options: Any) -> None:
    """Run ab initio MD of STRUCTURE by VASP, in segments (hezsp.dft.aimd).

    STRUCTURE is a formula of the family, a structure file, or a StructureData node. The figure of the finished run:
    `aiida-hezsp check PK --output aimd.png`.

    \b
    Example:
      aiida-hezsp launch aimd relaxed.cif --temperature 1100 --set dft.aimd.n_steps=100000
    """
    from aiida_hezsp.workflows.dft.aimd import AimdWorkChain

    launch = _with_temperature(ctx, "dft.aimd", options)
    if launch.dry_run:
        launch.show_plan(launch.atom_counts())
        return
    (structure,) = launch.structures().values()
    launch.go(AimdWorkChain, vasp=launch.vasp(), structure=structure, mobile=launch.family.mobile.element)


@click.command("check-relaxation")
@click.argument("structures", nargs=-1, required=True)
@cell_option
@seed_option
@model_option
@vasp_options
@engine_options
@launch_options
@click.pass_context
def cmd_check_relaxation(ctx: click.Context, **options: Any) -> None:
    """Relax STRUCTURES by VASP and by CHGNet and compare, as Table 1 of the paper (hezsp.checks.relaxation).

    Table and figure of the finished check: `aiida-hezsp check PK --output table-1.png`.

    \b
    Example:
      aiida-hezsp launch check-relaxation Li3Zr1Sn1Si2PO12 Li4Zr1Ga0.5Y0.5Si2PO12 --model UUID
    """
    from aiida_hezsp.workflows.checks.relaxation import RelaxationCheckWorkChain

    launch = Launch(ctx, "checks.relaxation", options)
    if launch.dry_run:
        launch.show_plan(launch.atom_counts())
        return
    structures = launch.structures()
    inputs = {"model": model_node(options["model"]), "structures": structures}
    launch.go(RelaxationCheckWorkChain, vasp=launch.vasp(), **inputs, **launch.engine())


@click.command("check-dynamics")
@_STRUCTURE
@cell_option
@seed_option
@_TEMPERATURE
@model_option
@vasp_options
@engine_options
@launch_options
@click.pass_context
def cmd_check_dynamics(ctx: click.Context, **options: Any) -> None:
    """Run STRUCTURE by AIMD and by CHGNet MD and compare, as Fig. 3 of the paper (hezsp.checks.dynamics).

    Table and figure of the finished check: `aiida-hezsp check PK --output figure-3.png`.

    \b
    Example:
      aiida-hezsp launch check-dynamics Li3.5Zr0.5Hf0.5Al0.5Ge0.5Si2PO12 --model UUID --protocol paper --submit
    """
    from aiida_hezsp.workflows.checks.dynamics import DynamicsCheckWorkChain

    launch = _with_temperature(ctx, "checks.dynamics", options)
    if launch.dry_run:
        launch.show_plan(launch.atom_counts())
        return
    (structure,) = launch.structures().values()
    inputs = {"model": model_node(options["model"]), "structure": structure, "mobile": launch.family.mobile.element}
    launch.go(DynamicsCheckWorkChain, vasp=launch.vasp(), **inputs, **launch.engine())


def _with_temperature(ctx: click.Context, kind: str, options: dict[str, Any]) -> Launch:
    """Return the launch, with the temperature as the setting that it is."""
    if options["temperature"] is not None:
        options["assignments"] += (f"dft.aimd.temperature={options['temperature']}",)
    return Launch(ctx, kind, options)
