"""`verdi data hezsp`: list and show models, datasets and predictions."""

from pathlib import Path
from typing import Any

import click
from aiida.cmdline.commands.cmd_data import verdi_data
from aiida.cmdline.params import arguments, types
from aiida.cmdline.utils import decorators, echo

__all__ = ("cmd_data",)

_MODEL = types.DataParamType(sub_classes=("aiida.data:hezsp.chgnet_model", "aiida.data:hezsp.sfmsd_model"))
_DATASET = types.DataParamType(sub_classes=("aiida.data:hezsp.images",))
_SHA = 12
_RAW = click.option("-r", "--raw", is_flag=True, help="Only the rows, without headers.")


@verdi_data.group("hezsp")
def cmd_data() -> None:
    """Models, datasets and predictions of aiida-hezsp."""


@cmd_data.group("model")
def cmd_model() -> None:
    """CHGNet models and SF-MSD models."""


@cmd_model.command("list")
@_RAW
@decorators.with_dbenv()
def cmd_model_list(raw: bool) -> None:
    """List the models: what they are, and what labelled the images behind them.

    \b
    Example:
      verdi data hezsp model list
    """
    from aiida import orm

    from aiida_hezsp.data import ChgnetModelData, SfmsdModelData

    rows = []
    for node in orm.QueryBuilder().append([ChgnetModelData, SfmsdModelData], project="*").all(flat=True):
        chgnet = isinstance(node, ChgnetModelData)
        name, mark = (node.name, node.sha256[:_SHA]) if chgnet else (f"SF-MSD {node.kind}", "")
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
@_RAW
@decorators.with_dbenv()
def cmd_dataset_list(raw: bool) -> None:
    """List the datasets: number of images and compositions, and what made the labels.

    \b
    Example:
      verdi data hezsp dataset list
    """
    from aiida import orm

    from aiida_hezsp.data import ImageData

    nodes = orm.QueryBuilder().append(ImageData, project="*").all(flat=True)
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
        datum.get_images().to_extxyz(output)
    except (HezspError, OSError) as error:
        echo.echo_critical(f"dataset {datum.pk} could not be written to {output}: {error}")
    echo.echo_success(f"{output}: {datum.n_images} images")


@cmd_data.group("prediction")
def cmd_prediction() -> None:
    """Predictions of ionic transport."""


@cmd_prediction.command("list")
@_RAW
@decorators.with_dbenv()
def cmd_prediction_list(raw: bool) -> None:
    """List the predictions, largest MSD first.

    \b
    Example:
      verdi data hezsp prediction list
    """
    from aiida_hezsp.errors import PredictionError
    from aiida_hezsp.provenance.predictions import rank_predictions

    try:
        ranked = rank_predictions()
    except PredictionError:
        ranked = []
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


def _engines(engines: Any) -> str:
    return ", ".join(engines) or "-"


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
