"""Launch what surrounds a screen: MD in rounds before it; checks by MD and decorations of one composition after it."""

from typing import Any

import click

from aiida_hezsp.cli import environment
from aiida_hezsp.cli.inputs import load_node_or_fail, model_node
from aiida_hezsp.cli.launcher import Launch
from aiida_hezsp.cli.options import engine_options, launch_options
from aiida_hezsp.cli.routes import chosen_model, unless_named

__all__ = ("cmd_active", "cmd_robustness", "cmd_verify")

_RELAXATION_MODEL = click.option("--relaxation-model", default="0.3.0", show_default=True, help="Model that relaxes.")
_MD_MODEL = click.option("--md-model", default="0.3.0", show_default=True, help="Model that runs MD.")


@click.command("active")
@_RELAXATION_MODEL
@_MD_MODEL
@engine_options
@launch_options
@click.pass_context
def cmd_active(ctx: click.Context, **options: Any) -> None:
    """Train SF-MSD models with MD in rounds, each of what is worth most by the models so far (hezsp.active).

    The section `active` of the protocol sets the numbers and how the worth is measured; compositions, cell and training
    are those of the section `sfmsd`.

    \b
    Examples:
      aiida-hezsp launch active --relaxation-model UUID --md-model UUID --protocol fast --submit
      aiida-hezsp launch active --set active.acquisition=ei --dry-run
    """
    from aiida_hezsp.workflows.active import ActiveWorkChain

    launch = Launch(ctx, "active", options)
    if launch.dry_run:
        launch.show_plan()
        return
    models = {name: model_node(options[name]) for name in ("relaxation_model", "md_model")}
    launch.go(ActiveWorkChain, family=launch.family_node(), **models, **launch.engine())


@click.command("verify")
@click.argument("process", required=False)
@click.option("--relaxation-model", help="Model that relaxes the host; that of the best prediction if not given.")
@click.option("--md-model", help="Model that runs MD; the one that made the training targets if not given.")
@engine_options
@launch_options
@click.pass_context
def cmd_verify(ctx: click.Context, **options: Any) -> None:
    """Check predictions of PROCESS by MD, and run the best and the host at several temperatures (hezsp.verify).

    PROCESS is a finished screen or discovery (pk or UUID); a dry run needs none. How many predictions of each region
    are drawn, and what is accepted, is set by the section `verify` of the protocol. A discovery, or a screen with
    --md-model, does this by itself. Family and models are those of the best prediction and of the training set of its
    SF-MSD model, unless options say otherwise.

    \b
    Examples:
      aiida-hezsp launch verify 1234 --protocol paper --submit
      aiida-hezsp launch verify --protocol paper --dry-run
    """
    from aiida import orm

    from aiida_hezsp.workflows.verify import VerifyWorkChain, choose_predictions

    launch = Launch(ctx, "verify", options)
    if launch.dry_run:
        launch.show_plan()
        return
    if not options["process"]:
        raise click.UsageError("PROCESS is needed: the pk or UUID of a finished screen or discovery")
    from aiida_hezsp.provenance.models import prediction_route
    from aiida_hezsp.provenance.predictions import predictions_of

    process = load_node_or_fail(options["process"], orm.WorkChainNode)
    found = {node["label"]: node for node in predictions_of(process)}
    if not found:
        raise click.ClickException(f"{process.process_label}<{process.pk}> returned no predictions to check")
    choice = choose_predictions({label: node["msd"] for label, node in found.items()}, launch.settings["verify"])
    route = prediction_route(found[choice.best])
    launch.go(
        VerifyWorkChain,
        family=unless_named(ctx, "family", route.family) or launch.family_node(),
        predictions={label: found[label] for label in choice.checked},
        best=found[choice.best],
        population=orm.Dict(choice.population),
        relaxation_model=chosen_model(options, "relaxation_model", route.relaxation_model, "relaxed the predictions"),
        md_model=chosen_model(options, "md_model", route.md_model, "made the training targets"),
        **launch.engine(),
    )


@click.command("robustness")
@click.argument("formula", required=False)
@_RELAXATION_MODEL
@click.option("--sfmsd-model", "sfmsd_models", multiple=True, metavar="NODE", help="SF-MSD model; give several.")
@engine_options
@launch_options
@click.pass_context
def cmd_robustness(ctx: click.Context, **options: Any) -> None:
    """Relax many random decorations of FORMULA and predict each with several models (hezsp.robustness).

    \b
    Examples:
      aiida-hezsp launch robustness --sfmsd-model GB_UUID --sfmsd-model RF_UUID --relaxation-model UUID
      aiida-hezsp launch robustness Li3Zr0.5Hf0.5Sn0.5Ti0.5Si2PO12 --set robustness.n=100 --dry-run
    """
    from aiida_hezsp.data import SfmsdModelData
    from aiida_hezsp.workflows.robustness import RobustnessWorkChain

    if options["formula"]:
        options["assignments"] += (f"robustness.formula={options['formula']}",)
    launch = Launch(ctx, "robustness", options)
    if launch.dry_run:
        launch.show_plan()
        return
    if not options["sfmsd_models"]:
        raise click.UsageError("--sfmsd-model is needed: the node of a trained model (`verdi data hezsp model list`)")
    environment.load_profile_or_fail(ctx.obj["profile"])
    models = [load_node_or_fail(name, SfmsdModelData) for name in options["sfmsd_models"]]
    launch.go(
        RobustnessWorkChain,
        family=launch.family_node(),
        relaxation_model=model_node(options["relaxation_model"]),
        models={f"m{number}": model for number, model in enumerate(models)},
        **launch.engine(),
    )
