"""`aiida-hezsp models`: errors of the SF-MSD models on every set they were tested on."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.table import Table

    from aiida_hezsp.data import SfmsdModelData

__all__ = ("cmd_models", "described", "models_table")

ERRORS = ("n", "rmse", "mae", "max_ae", "r2")


@click.command("models")
@click.argument("models", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, parameters and removed rows included.")
@click.pass_context
def cmd_models(ctx: click.Context, models: tuple[str, ...], as_json: bool) -> None:
    """Show the errors of SF-MSD MODELS (pk, UUID, label or kind), or of all, on every set they were tested on.

    The noise floor is the mean error of the targets themselves: no model can honestly be better. The last column is
    the share of targets that lie in their intervals, beside the probability that those promise (`coverage`).

    \b
    Examples:
      aiida-hezsp models
      aiida-hezsp models SISSO
      aiida-hezsp models 4711 4713 --json
    """
    from aiida_hezsp.cli.environment import load_profile_or_fail

    load_profile_or_fail(ctx.obj["profile"])
    from aiida_hezsp.errors import PredictionError
    from aiida_hezsp.provenance.models import all_models, find_model

    nodes = [find_model(identifier) for identifier in models] or all_models()
    if not nodes:
        raise PredictionError("this profile has no SF-MSD model: `aiida-hezsp launch sfmsd` or `discover` trains some")
    found = [described(node) for node in nodes]
    if as_json:
        click.echo(json.dumps(found, indent=1, allow_nan=False))
        return
    from aiida_hezsp.cli.terminal import terminal

    terminal().print(models_table(found))
    for entry in found:
        if entry["formula"]:
            click.echo(f"{entry['kind']} {entry['pk']}: MSD / A^2 = {entry['formula']}")


def described(node: "SfmsdModelData") -> dict[str, Any]:
    """Return what is known of a model, with its errors and the noise floor by split."""
    summary = node.base.attributes.get("summary")
    floors, held = summary.get("noise_floor", {}), summary.get("held", {})
    splits = {
        name: {**{key: errors.get(key) for key in ERRORS}, "noise_floor": floors.get(name), "held": held.get(name)}
        for name, errors in summary["metrics"].items()
    }
    told = ("feature_set", "parameters", "cross_validation", "coverage", "half_width", "splits", "removed")
    return {
        "pk": node.pk,
        "uuid": node.uuid,
        "kind": node.kind,
        "variant": node.variant,
        "label_engines": list(node.label_engines),
        "errors": splits,
        "formula": summary.get("formula"),
        **{name: summary.get(name) for name in told},
    }


def models_table(found: Sequence[dict[str, Any]]) -> "Table":
    """Return one row for each model and split."""
    from rich import box
    from rich.table import Table

    table = Table(title="Errors of the SF-MSD models, A^2", caption=_caption(found), box=box.SIMPLE_HEAD)
    for name in ("model", "features", "set"):
        table.add_column(name, no_wrap=True)
    for name in ("n", "RMSE", "MAE", "MaxAE", "R2", "noise floor", "in interval"):
        table.add_column(name, justify="right", no_wrap=True)
    for entry in found:
        variant = f" ({entry['variant']})" if entry["variant"] else ""
        name = f"{entry['kind']} {entry['pk']}{variant}"
        for number, (split, errors) in enumerate(entry["errors"].items()):
            numbers = [_number(errors[key]) for key in ("rmse", "mae", "max_ae", "r2", "noise_floor")]
            head = (name, entry["feature_set"]) if number == 0 else ("", "")
            inside = "-" if errors["held"] is None else f"{100 * errors['held']:.0f} %"
            table.add_row(*head, split, str(errors["n"]), *numbers, inside)
        unseen = entry["cross_validation"]["out_of_fold"]
        numbers = [_number(unseen[key]) for key in ("rmse", "mae", "max_ae", "r2")]
        table.add_row("", "", "cross-validated", str(unseen["n"]), *numbers, "-", "-", end_section=True)
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _caption(found: Sequence[dict[str, Any]]) -> str | None:
    if any(engine.startswith("standin") for entry in found for engine in entry["label_engines"]):
        return "Stand-in labels: no VASP ran, and no number here says anything about a material."
    return None
