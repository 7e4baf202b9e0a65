"""Launch work chains: a dry run, a run in this terminal, or a submission to the daemon."""

import json
from typing import Any

import click

from aiida_hezsp.cli import environment
from aiida_hezsp.cli.inputs import load_node_or_fail, model_node
from aiida_hezsp.cli.launch_checks import cmd_aimd, cmd_check_dynamics, cmd_check_relaxation
from aiida_hezsp.cli.launch_verify import cmd_active, cmd_robustness, cmd_verify
from aiida_hezsp.cli.launcher import Launch
from aiida_hezsp.cli.options import (
    cell_option,
    dft_options,
    engine_options,
    launch_options,
    model_option,
    seed_option,
)

__all__ = ("cmd_launch",)

_STRUCTURES = click.argument("structures", nargs=-1, required=True)
_RELAXATION_MODEL = click.option("--relaxation-model", default="0.3.0", show_default=True, help="Model that relaxes.")
_MD_MODEL = click.option("--md-model", default="0.3.0", show_default=True, help="Model that runs MD.")


@click.group("launch")
def cmd_launch() -> None:
    """Launch a work chain.

    Without --submit it runs in this terminal and shows its progress; finished jobs are found again by AiiDA's cache
    when an interrupted run is repeated (where caching is on).

    \b
    Examples:
      aiida-hezsp launch discover --protocol paper --dry-run
      aiida-hezsp launch relax Li3Zr2Si2PO12 --set relax.fmax=0.02
      aiida-hezsp launch screen --relaxation-model UUID --sfmsd-model UUID --submit
    """


@cmd_launch.command("relax-images")
@_STRUCTURES
@cell_option
@seed_option
@dft_options
@launch_options
@click.pass_context
def cmd_relax_images(ctx: click.Context, **options: Any) -> None:
    """Relax STRUCTURES by VASP and keep images of the paths (hezsp.dft.relax_images).

    Without VASP, pw.x of Quantum ESPRESSO does the same, and wherever else VASP is named here.

    \b
    Examples:
      aiida-hezsp launch relax-images Li3Zr2Si2PO12 Li3Hf2Si2PO12 --protocol demo
      aiida-hezsp launch relax-images Li3Zr2Si2PO12 --set dft.engine=quantumespresso \\
        --pw-code pw@cluster --pseudo-family SSSP/1.3/PBE/efficiency
    """
    from aiida_hezsp.workflows.dft.relax_images import RelaxImagesWorkChain

    launch = Launch(ctx, "dft.relax_images", options)
    if launch.dry_run:
        launch.show_plan(launch.atom_counts())
        return
    structures = launch.structures()
    launch.go(RelaxImagesWorkChain, **launch.dft(), structures=structures)


@cmd_launch.command("single-points")
@_STRUCTURES
@cell_option
@seed_option
@dft_options
@launch_options
@click.pass_context
def cmd_single_points(ctx: click.Context, **options: Any) -> None:
    """Label STRUCTURES by single-point VASP calculations (hezsp.dft.single_points).

    \b
    Example:
      aiida-hezsp launch single-points image_*.cif
    """
    from aiida import orm

    from aiida_hezsp.workflows.dft.single_points import SinglePointsWorkChain

    launch = Launch(ctx, "dft.single_points", options)
    if launch.dry_run:
        launch.show_plan(launch.atom_counts())
        return
    structures = launch.structures()
    groups = orm.Dict({label: label for label in structures})
    launch.go(SinglePointsWorkChain, **launch.dft(), structures=structures, groups=groups)


@cmd_launch.command("relax")
@_STRUCTURES
@cell_option
@seed_option
@model_option
@engine_options
@launch_options
@click.pass_context
def cmd_relax(ctx: click.Context, **options: Any) -> None:
    """Relax STRUCTURES with CHGNet (hezsp.relax).

    STRUCTURES are formulas of the family, structure files, or StructureData nodes.

    \b
    Example:
      aiida-hezsp launch relax Li3Zr2Si2PO12 my_cell.cif --model 0.3.0
    """
    from aiida_hezsp.workflows.relax import RelaxWorkChain

    launch = Launch(ctx, "relax", options)
    if launch.dry_run:
        launch.show_plan(launch.atom_counts())
        return
    structures = launch.structures()
    launch.go(RelaxWorkChain, structures=structures, model=model_node(options["model"]), **launch.engine())


@cmd_launch.command("md")
@_STRUCTURES
@cell_option
@seed_option
@model_option
@engine_options
@launch_options
@click.pass_context
def cmd_md(ctx: click.Context, **options: Any) -> None:
    """Run NVT molecular dynamics of STRUCTURES with CHGNet (hezsp.md), at the protocol's first temperature.

    \b
    Example:
      aiida-hezsp launch md relaxed.cif --model 0.3.0 --set md.n_steps=20000
    """
    from aiida_hezsp.workflows.md import MdWorkChain

    launch = Launch(ctx, "md", options)
    if launch.dry_run:
        launch.show_plan(launch.atom_counts())
        return
    structures = launch.structures()
    inputs = {"mobile": launch.family.mobile.element, "model": model_node(options["model"])}
    launch.go(MdWorkChain, structures=structures, **inputs, **launch.engine())


@cmd_launch.command("transport")
@_STRUCTURES
@cell_option
@seed_option
@_RELAXATION_MODEL
@_MD_MODEL
@engine_options
@launch_options
@click.pass_context
def cmd_transport(ctx: click.Context, **options: Any) -> None:
    """Relax STRUCTURES, run MD at the protocol's temperatures, and sum up their transport (hezsp.transport).

    Each structure gets D with its error and the conductivity at every temperature; two temperatures or more give an
    activation energy and the conductivity at 300 K.

    \b
    Example:
      aiida-hezsp launch transport Li3Zr2Si2PO12 --set "md.temperatures=[900.0, 1000.0, 1100.0]"
    """
    from aiida import orm

    from aiida_hezsp.workflows.transport import TransportWorkChain

    launch = Launch(ctx, "transport", options)
    if launch.dry_run:
        launch.show_plan(launch.atom_counts())
        return
    structures = launch.structures()
    launch.go(
        TransportWorkChain,
        structures=structures,
        relaxation_model=model_node(options["relaxation_model"]),
        md_model=model_node(options["md_model"]),
        mobile=orm.Str(launch.family.mobile.element),
        charge=orm.Float(launch.family.mobile.charge),
        **launch.engine(),
    )


@cmd_launch.command("finetune")
@click.argument("images")
@model_option
@click.option("--stage", type=click.Choice(["relaxation", "md"]), default="relaxation", help="Whose settings to use.")
@engine_options
@launch_options
@click.pass_context
def cmd_finetune(ctx: click.Context, **options: Any) -> None:
    """Fine-tune a CHGNet model on the dataset node IMAGES (hezsp.finetune).

    \b
    Example:
      aiida-hezsp launch finetune 1234 --model 0.3.0 --set potential.relaxation_finetune.epochs=50
    """
    from aiida_hezsp.data import ImageData
    from aiida_hezsp.workflows.compositions import chosen_labels
    from aiida_hezsp.workflows.finetune import FinetuneWorkChain

    environment.load_profile_or_fail(ctx.obj["profile"])
    launch = Launch(ctx, f"finetune.{options['stage']}", options)
    images = load_node_or_fail(options["images"], ImageData)
    if launch.dry_run:
        launch.show_plan(images.get_images().n_atoms.tolist())
        return
    holdout = chosen_labels(launch.family, launch.settings["potential"]["holdout"])
    inputs = {"stage": options["stage"], "holdout": [label for label in holdout if label in images.groups]}
    launch.go(FinetuneWorkChain, images=images, model=model_node(options["model"]), **inputs, **launch.engine())


@cmd_launch.command("potential")
@dft_options
@engine_options
@launch_options
@click.pass_context
def cmd_potential(ctx: click.Context, **options: Any) -> None:
    """Make both datasets and both models: stage one (hezsp.potential).

    \b
    Example:
      aiida-hezsp launch potential --vasp-code vasp@cluster --potential-family PBE --protocol paper --submit
    """
    from aiida_hezsp.workflows.potential import PotentialWorkChain

    _launch_from_dft(Launch(ctx, "potential", options), PotentialWorkChain)


@cmd_launch.command("sfmsd")
@_RELAXATION_MODEL
@_MD_MODEL
@engine_options
@launch_options
@click.pass_context
def cmd_sfmsd(ctx: click.Context, **options: Any) -> None:
    """Make MD targets and train the SF-MSD models: stage two (hezsp.sfmsd).

    \b
    Example:
      aiida-hezsp launch sfmsd --relaxation-model UUID --md-model UUID --protocol paper --submit
    """
    from aiida_hezsp.workflows.sfmsd import SfmsdWorkChain

    launch = Launch(ctx, "sfmsd", options)
    if launch.dry_run:
        launch.show_plan()
    else:
        models = {name: model_node(options[name]) for name in ("relaxation_model", "md_model")}
        launch.go(SfmsdWorkChain, family=launch.family_node(), **models, **launch.engine())


@cmd_launch.command("screen")
@click.argument("formulas", nargs=-1)
@_RELAXATION_MODEL
@click.option("--sfmsd-model", metavar="NODE", help="SF-MSD model; not needed for a dry run.")
@click.option("--md-model", help="Model that checks predictions of each region by MD; none are checked without it.")
@engine_options
@launch_options
@click.pass_context
def cmd_screen(ctx: click.Context, **options: Any) -> None:
    """Predict the MSD of FORMULAS, or of the protocol's space (hezsp.screen).

    With --md-model some predictions of each region are checked by MD afterwards (see `verify`).

    \b
    Example:
      aiida-hezsp launch screen Li3Zr0.5Hf0.5Sn0.5Ti0.5Si2PO12 --relaxation-model UUID --sfmsd-model UUID
    """
    from aiida_hezsp.data import SfmsdModelData
    from aiida_hezsp.workflows.screen import ScreenWorkChain

    if options["formulas"]:
        chosen = [{"space": None, "n": None, "formulas": list(options["formulas"]), "seed": 1}]
        options["assignments"] += (f"screen.compositions={json.dumps(chosen)}",)
    launch = Launch(ctx, "screen.checked" if options["md_model"] else "screen", options)
    if launch.dry_run:
        launch.show_plan()
        return
    if not options["sfmsd_model"]:
        raise click.UsageError("--sfmsd-model is needed: the node of a trained model (`verdi data hezsp model list`)")
    sfmsd_model = load_node_or_fail(options["sfmsd_model"], SfmsdModelData)
    launch.go(
        ScreenWorkChain,
        family=launch.family_node(),
        relaxation_model=model_node(options["relaxation_model"]),
        sfmsd_model=sfmsd_model,
        **({"md_model": model_node(options["md_model"])} if options["md_model"] else {}),
        **launch.engine(),
    )


@cmd_launch.command("discover")
@dft_options
@engine_options
@launch_options
@click.pass_context
def cmd_discover(ctx: click.Context, **options: Any) -> None:
    """All stages, from DFT to ranked predictions (hezsp.discover).

    \b
    Example:
      aiida-hezsp launch discover --vasp-code vasp@cluster --potential-family PBE --protocol fast --submit
    """
    from aiida_hezsp.workflows.discover import DiscoverWorkChain

    _launch_from_dft(Launch(ctx, "discover", options), DiscoverWorkChain)


def _launch_from_dft(launch: Launch, process_class: Any) -> None:
    """Plan or launch a work chain that begins with DFT on the family's compositions."""
    if launch.dry_run:
        launch.show_plan()
    else:
        launch.go(process_class, family=launch.family_node(), **launch.dft(), **launch.engine())


for _command in (cmd_aimd, cmd_check_relaxation, cmd_check_dynamics, cmd_verify, cmd_robustness, cmd_active):
    cmd_launch.add_command(_command)
