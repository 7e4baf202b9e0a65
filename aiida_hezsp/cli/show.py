"""`aiida-hezsp show`: everything about one prediction."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiida_hezsp.cli.output import check_output

if TYPE_CHECKING:
    from aiida import orm

__all__ = ("cmd_show",)


@click.command("show")
@click.argument("prediction")
@click.option("--model", help="Only predictions of this SF-MSD model: kind (GB), pk, UUID or label of the node.")
@click.option("--newest", is_flag=True, help="Of several predictions of the composition take the newest.")
@click.option(
    "--cif",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Write the relaxed structure to this file (- is the terminal).",
)
@click.option("--overwrite", is_flag=True, help="Replace the CIF file if it exists.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, the CIF included.")
@click.pass_context
def cmd_show(
    ctx: click.Context,
    prediction: str,
    model: str | None,
    newest: bool,
    cif: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Show all that is known of a PREDICTION: a formula, a label, a pk or a UUID (or its beginning).

    Composition and entropy, predicted MSD with its interval and its percentile among all predictions of the same
    model, cell, features with their definitions, the model, what made the labels, and the steps behind it.
    A composition with several predictions (models, decorations) is listed, so that one can be chosen.

    \b
    Examples:
      aiida-hezsp show Li2.625Zr0.5Ti0.375Sn0.375Hf0.375Nb0.375Si2PO12
      aiida-hezsp show 4821 --cif relaxed.cif
      aiida-hezsp show 4821 --json > record.json
    """
    from aiida_hezsp.cli.environment import load_profile_or_fail

    load_profile_or_fail(ctx.obj["profile"])
    from aiida_hezsp.cli.record import print_matches, print_record
    from aiida_hezsp.provenance.record import prediction_record

    found = _matches(prediction, model)
    if len(found) > 1 and not newest:
        print_matches(found)
        raise click.ClickException(f"{len(found)} predictions of {found[0]['formula']}: choose by pk, or add --newest")
    if cif is not None:
        _write_cif(found[0], cif, overwrite=overwrite)
        return
    record = prediction_record(found[0])
    if as_json:
        click.echo(json.dumps(record, indent=1, allow_nan=False))
    else:
        print_record(record)


def _matches(identifier: str, model: str | None) -> "Sequence[orm.Dict]":
    """Return what the identifier may mean, newest first."""
    from aiida_hezsp.errors import PredictionError
    from aiida_hezsp.provenance.models import find_model
    from aiida_hezsp.provenance.predictions import is_identifier, load_prediction, matching_predictions, model_of

    if is_identifier(identifier):
        return [load_prediction(identifier)]
    found = matching_predictions(identifier)
    if model is None:
        return found
    wanted = find_model(model)
    chosen = [node for node in found if model_of(node).pk == wanted.pk or node["model_kind"] == model]
    if not chosen:
        kinds = ", ".join(sorted({f"{node['model_kind']}<{model_of(node).pk}>" for node in found}))
        raise PredictionError(f"model {model} did not predict {found[0]['formula']}; {kinds} did")
    return chosen


def _write_cif(node: Any, path: Path, *, overwrite: bool) -> None:
    from aiida_hezsp.provenance.record import structure_cif

    text = structure_cif(node.creator.inputs.structure)
    if str(path) == "-":
        click.echo(text, nl=False)
        return
    check_output(path, overwrite=overwrite)
    path.write_text(text, encoding="utf8")
    click.echo(f"{path}: the relaxed structure of {node['formula']}")
