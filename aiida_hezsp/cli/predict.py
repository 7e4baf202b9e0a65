"""`aiida-hezsp predict`: the MSD of compositions that nobody computed."""

import json
from typing import TYPE_CHECKING, Any

import click

from aiida_hezsp.cli.options import engine_options, launch_options
from aiida_hezsp.cli.routes import chosen_model, family_of, unless_named

if TYPE_CHECKING:
    from aiida_hezsp.chemistry import Composition
    from aiida_hezsp.data import SfmsdModelData
    from aiida_hezsp.provenance.models import TrainingRoute

__all__ = ("cmd_predict",)


@click.command("predict")
@click.argument("formulas", nargs=-1, required=True)
@click.option("--model", "sfmsd_model", help="SF-MSD model: pk, UUID, label or kind (GB); as said above if not given.")
@click.option(
    "--decorations",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="Random configurations a composition; several give a spread.",
)
@click.option(
    "--relaxation-model",
    help="Model that relaxes (bundled name, file or node); the one that relaxed the training set if not given.",
)
@click.option(
    "--cell",
    type=click.Choice(["primitive", "supercell"]),
    help="Cell to decorate; that of the training set if not given.",
)
@engine_options
@launch_options
@click.pass_context
def cmd_predict(ctx: click.Context, **options: Any) -> None:
    """Predict the MSD of FORMULAS: decorate, relax, extract the features, predict (hezsp.assess).

    Without --model it is the newest model of the kind `screen.model` of the protocol (GB; another kind only if there is
    none). Family, cell and relaxation model are those of its training set. The threshold of the relaxation is the
    protocol's: give the --protocol (and --set relax...) that the model was trained with. The predictions are in the
    graph, and found by search, show and trace, at once. One 160-atom cell takes some seconds to a minute.

    \b
    Examples:
      aiida-hezsp predict Li3Zr0.5Hf0.5Sn0.5Ti0.5Si2PO12
      aiida-hezsp predict Li3.5Zr0.5Hf0.5Al0.5Ge0.5Si2PO12 --decorations 5 --protocol demo
      aiida-hezsp predict Li3Zr0.5Hf0.5Sn0.5Ti0.5Si2PO12 --dry-run
    """
    from aiida import orm

    from aiida_hezsp.cli import environment
    from aiida_hezsp.cli.launcher import Launch

    environment.load_profile_or_fail(ctx.obj["profile"])
    from aiida_hezsp.provenance.models import training_route
    from aiida_hezsp.workflows.assess import AssessWorkChain

    model = _model(options.pop("sfmsd_model"), options["protocol"])
    route = training_route(model)
    family_node = unless_named(ctx, "family", route.family)
    _set_cell(options, route, family_node)
    launch = Launch(ctx, "assess", options)
    if family_node is not None:
        launch.family = family_of(family_node)
    atoms = _check(options["formulas"], launch, model, route)
    if launch.dry_run:
        launch.show_plan(atoms * options["decorations"])
        return
    launch.go(
        AssessWorkChain,
        report=lambda node: _print(node, as_json=options["as_json"]),
        family=family_node or launch.family_node(),
        relaxation_model=chosen_model(options, "relaxation_model", route.relaxation_model, "relaxed the training set"),
        sfmsd_model=model,
        formulas=orm.List(list(dict.fromkeys(options["formulas"]))),
        decorations=orm.Int(options["decorations"]),
        **launch.engine(),
    )


def _model(identifier: str | None, protocol: str) -> "SfmsdModelData":
    from aiida_hezsp.provenance.models import find_model, newest_model
    from aiida_hezsp.workflows.protocol import load_protocol

    return newest_model(load_protocol(protocol)["screen"]["model"]) if identifier is None else find_model(identifier)


def _set_cell(options: dict[str, Any], route: "TrainingRoute", family_node: Any) -> None:
    """Choose the cell: what the user says, else that of the training set, else the protocol's."""
    from aiida_hezsp.families import load_family

    cell = options.pop("cell")
    if cell is None and route.n_atoms is not None:
        family = load_family(options["family"]) if family_node is None else family_of(family_node)
        cell = "primitive" if route.n_atoms <= len(family.template("primitive")) else "supercell"
    if cell is not None:
        options["assignments"] = (f"screen.cell={cell}", *options["assignments"])


def _check(formulas: tuple[str, ...], launch: Any, model: "SfmsdModelData", route: "TrainingRoute") -> list[int]:
    """Check the formulas before anything is made, warn of those outside the training range; return atoms of cells.

    Raises:
        HezspError: a formula does not belong to the family or is not balanced, does not fit the cell, or has another
            number of dopants than the model's features are for.
    """
    from aiida_hezsp.chemistry import parse_formula
    from aiida_hezsp.sfmsd.trained import unseen_elements

    compositions = dict.fromkeys(parse_formula(launch.family, formula) for formula in formulas)
    cell, atoms = launch.settings["screen"]["cell"], []
    for composition in compositions:
        atoms.append(sum(composition.sites(cell).values()))
        _check_dopants(composition, model)
        values = {"x_li": float(composition.x_li), "s_config": composition.s_config}
        if unseen := unseen_elements(model.base.attributes.get("summary")["training_labels"], composition.elements):
            click.echo(f"warning: no training composition has {', '.join(unseen)}: {composition.formula}", err=True)
        if outside := route.outside(values):
            click.echo(f"warning: {composition.formula} lies outside the training set: {', '.join(outside)}", err=True)
    return atoms


def _check_dopants(composition: "Composition", model: "SfmsdModelData") -> None:
    from aiida_hezsp.errors import PredictionError
    from aiida_hezsp.families.feature_names import dopants_needed

    needed = dopants_needed(model.features)
    given = sum(element in composition.family.dopants for element in composition.elements)
    if needed not in {None, given}:
        raise PredictionError(
            f"model {model.kind}<{model.pk}> is for {needed} dopants (feature set {model.feature_set}); "
            f"{composition.formula} has {given}"
        )


def _print(node: Any, *, as_json: bool) -> None:
    """Print what a finished `hezsp.assess` found."""
    from aiida_hezsp.provenance.predictions import rank_predictions

    rows, spread, failed = rank_predictions(node), node.outputs.spread.get_dict(), node.outputs.report["failed"]
    if as_json:
        facts = {"pk": node.pk, "uuid": node.uuid, "process": node.process_label}
        rest = {"predictions": [row.to_dict() for row in rows], "spread": spread, "failed": failed}
        click.echo(json.dumps({**facts, **rest}, indent=1, allow_nan=False))
        return
    _print_table(rows)
    for label, entry in spread.items():
        if entry["n"] > 1:
            text = f"MSD {entry['msd_mean']:.1f} +- {entry['msd_std']:.1f} A^2"
            click.echo(f"{label}: {text} over {entry['n']} configurations")
    for key, reason in failed.items():
        click.echo(f"failed: {key}: {reason}", err=True)


def _print_table(rows: Any) -> None:
    from aiida import orm
    from rich import box
    from rich.table import Table

    from aiida_hezsp.cli.terminal import terminal
    from aiida_hezsp.provenance.distribution import place_of, region_of

    standin = any(row.standin for row in rows)
    note = "\nStand-in labels: no VASP ran, and no number here says anything about a material." if standin else ""
    caption = f"`aiida-hezsp show PK` tells all about one{note}"
    table = Table(caption=caption, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("formula", overflow="fold")
    for name in ("MSD A^2", "interval", "region", "percentile", "pk"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("outside training range in")
    for row in rows:
        _, percentile = place_of(orm.load_node(row.pk))
        cells = [row.msd_text, row.interval_text, region_of(row.msd), f"{percentile:.1f}", str(row.pk)]
        table.add_row(row.formula, *cells, ", ".join(row.outside_domain) or "-")
    terminal().print(table)
