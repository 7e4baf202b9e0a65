"""`verdi data hezsp`: list and show models, datasets and predictions."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from aiida.cmdline.commands.cmd_data import verdi_data
from aiida.cmdline.params import arguments, options, types
from aiida.cmdline.utils import decorators, echo

from aiida_hezsp.cli.criteria import criteria_from, criteria_options

__all__ = ("cmd_data",)

_MODEL = types.DataParamType(sub_classes=("aiida.data:hezsp.chgnet_model", "aiida.data:hezsp.sfmsd_model"))
_DATASET = types.DataParamType(sub_classes=("aiida.data:hezsp.images",))
_SHA = 12


def _list_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that lists of `verdi data core` have."""
    raw = click.option("-r", "--raw", is_flag=True, help="Only the rows, without headers.")
    return raw(options.PAST_DAYS()(options.GROUPS()(function)))


@verdi_data.group("hezsp")
def cmd_data() -> None:
    """Models, datasets and predictions of aiida-hezsp."""


@cmd_data.group("model")
def cmd_model() -> None:
    """CHGNet models and SF-MSD models."""


@cmd_model.command("list")
@_list_options
@click.option("-k", "--kind", help="CHGNet, or a kind of SF-MSD model such as GB.")
@decorators.with_dbenv()
def cmd_model_list(raw: bool, past_days: int | None, groups: Sequence[Any] | None, kind: str | None) -> None:
    """List the models: what they are, and what labelled the images behind them.

    \b
    Examples:
      verdi data hezsp model list
      verdi data hezsp model list --kind GB --past-days 7
    """
    from aiida_hezsp.data import ChgnetModelData, SfmsdModelData

    rows = []
    for node in _nodes([ChgnetModelData, SfmsdModelData], past_days, groups):
        if kind is not None and kind != ("CHGNet" if isinstance(node, ChgnetModelData) else node.kind):
            continue
        chgnet = isinstance(node, ChgnetModelData)
        name, mark = (node.name, node.sha256[:_SHA]) if chgnet else (_sfmsd_name(node), "")
        rows.append(
            [node.pk, "CHGNet" if chgnet else "SF-MSD", name, mark, _engines(node.label_engines), _made_by(node)]
        )
    _echo(sorted(rows), ["PK", "Type", "Name", "SHA-256", "Labels by", "Made by"], raw=raw)


@cmd_model.command("show")
@arguments.DATUM(type=_MODEL)
@decorators.with_dbenv()
def cmd_model_show(datum: Any) -> None:
    """Show what is known of a model: history, errors, parameters.

    \b
    Example:
      verdi data hezsp model show 4711
    """
    echo.echo_dictionary({"pk": datum.pk, "uuid": datum.uuid, **datum.base.attributes.all}, "yaml")


@cmd_data.group("dataset")
def cmd_dataset() -> None:
    """Datasets of labelled images."""


@cmd_dataset.command("list")
@_list_options
@click.option("-e", "--engine", help="Only datasets with labels of this engine, or one that begins so: vasp, standin.")
@decorators.with_dbenv()
def cmd_dataset_list(raw: bool, past_days: int | None, groups: Sequence[Any] | None, engine: str | None) -> None:
    """List the datasets: number of images and compositions, and what made the labels.

    \b
    Examples:
      verdi data hezsp dataset list
      verdi data hezsp dataset list --engine vasp
    """
    from aiida_hezsp.data import ImageData

    nodes = _nodes([ImageData], past_days, groups)
    if engine is not None:
        nodes = [node for node in nodes if any(name.startswith(engine) for name in node.engines)]
    rows = [[node.pk, node.n_images, len(node.groups), _engines(node.engines), _made_by(node)] for node in nodes]
    _echo(sorted(rows), ["PK", "Images", "Compositions", "Labels by", "Made by"], raw=raw)


@cmd_dataset.command("show")
@arguments.DATUM(type=_DATASET)
@decorators.with_dbenv()
def cmd_dataset_show(datum: Any) -> None:
    """Show the number of images of a dataset by composition and by label engine.

    \b
    Example:
      verdi data hezsp dataset show 1234
    """
    content = {"pk": datum.pk, "uuid": datum.uuid, "n_images": datum.n_images}
    echo.echo_dictionary({**content, "groups": datum.groups, "engines": datum.engines}, "yaml")


@cmd_dataset.command("export")
@arguments.DATUM(type=_DATASET)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file.")
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
@decorators.with_dbenv()
def cmd_dataset_export(datum: Any, output: Path, overwrite: bool) -> None:
    """Write a dataset as extended XYZ, which ASE and other programs read.

    \b
    Example:
      verdi data hezsp dataset export 1234 --output images.xyz
    """
    from aiida_hezsp.errors import HezspError

    if output.exists() and not overwrite:
        echo.echo_critical(f"{output} exists already: choose another name, or add --overwrite")
    try:
        datum.to_extxyz(output)
    except (HezspError, OSError) as error:
        echo.echo_critical(f"dataset {datum.pk} could not be written to {output}: {error}")
    echo.echo_success(f"{output}: {datum.n_images} images")


@cmd_data.group("prediction")
def cmd_prediction() -> None:
    """Predictions of ionic transport."""


@cmd_prediction.command("list")
@_list_options
@criteria_options
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@decorators.with_dbenv()
def cmd_prediction_list(
    raw: bool, past_days: int | None, groups: Sequence[Any] | None, limit: int | None, **criteria: Any
) -> None:
    """List the predictions, largest MSD first; criteria as in `aiida-hezsp search`.

    \b
    Examples:
      verdi data hezsp prediction list
      verdi data hezsp prediction list --all-of Hf,Sn --msd 120.. --past-days 30
    """
    from aiida import orm

    from aiida_hezsp.errors import PredictionError
    from aiida_hezsp.provenance.search import search

    try:
        ranked = search(criteria_from(criteria)).rows
    except PredictionError as error:
        echo.echo_critical(str(error))
    if past_days is not None or groups:
        wanted = {node.pk for node in _nodes([orm.Dict], past_days, groups)}
        ranked = [row for row in ranked if row.pk in wanted]
    ranked = ranked[:limit]
    rows = [[row.pk, row.formula, row.type or "-", row.msd_text, _engines(row.label_engines)] for row in ranked]
    _echo(rows, ["PK", "Formula", "Type", "MSD (A^2)", "Labels by"], raw=raw)


@cmd_prediction.command("show")
@click.argument("prediction")
@decorators.with_dbenv()
def cmd_prediction_show(prediction: str) -> None:
    """Show a PREDICTION (pk, UUID, formula or label): all values, features and SHAP values.

    \b
    Example:
      verdi data hezsp prediction show Li2.625Zr0.5Ti0.375Sn0.375Hf0.375Nb0.375Si2PO12
    """
    from aiida_hezsp.errors import PredictionError
    from aiida_hezsp.provenance.predictions import load_prediction

    try:
        node = load_prediction(prediction)
    except PredictionError as error:
        echo.echo_critical(str(error))
    echo.echo_dictionary({"pk": node.pk, "uuid": node.uuid, **node.get_dict()}, "yaml")


def _nodes(types: list[type], past_days: int | None, groups: Sequence[Any] | None) -> list[Any]:
    """Return the nodes of the types, of the last days and of the groups where such are named."""
    from datetime import UTC, datetime, timedelta

    from aiida import orm

    filters = {}
    if past_days is not None:
        filters["ctime"] = {">": datetime.now(UTC) - timedelta(days=past_days)}
    query = orm.QueryBuilder()
    if groups:
        query.append(orm.Group, filters={"id": {"in": [group.pk for group in groups]}}, tag="group")
    query.append(types, filters=filters, project="*", **({"with_group": "group"} if groups else {}))
    return list({node.pk: node for node in query.all(flat=True)}.values())


def _engines(engines: Any) -> str:
    return ", ".join(engines) or "-"


def _sfmsd_name(node: Any) -> str:
    """Return kind and, where it is a model to compare with, variant."""
    return f"SF-MSD {node.kind}" + (f" ({node.variant})" if node.variant else "")


def _made_by(node: Any) -> str:
    """Return the process that made a node, or how else it came."""
    creator = node.creator
    return "-" if creator is None else f"{creator.process_label}<{creator.pk}>"


def _echo(rows: list[list[Any]], headers: list[str], *, raw: bool) -> None:
    """Print rows as `verdi data core ... list` does."""
    from tabulate import tabulate

    echo.echo(tabulate(rows, tablefmt="plain") if raw else tabulate(rows, headers=headers))
    if not raw:
        echo.echo(f"\nTotal results: {len(rows)}")
