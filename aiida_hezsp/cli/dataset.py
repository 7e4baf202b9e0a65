"""`aiida-hezsp dataset`: list, show, plot and export datasets of labelled images, and find what each rests on."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiida_hezsp.cli.output import check_output, print_table

if TYPE_CHECKING:
    from aiida_hezsp.data import ImageData

__all__ = ("cmd_dataset", "removed_of")

_DATASET = click.argument("dataset")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
_OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
_FORMATS = (".png", ".svg", ".pdf")


@click.group("dataset")
def cmd_dataset() -> None:
    """Datasets of labelled images.

    A DATASET is a node by pk or UUID (or its beginning).

    \b
    Examples:
      aiida-hezsp dataset list --engine vasp
      aiida-hezsp dataset show 1234
      aiida-hezsp dataset plot 1234 --output images.png
      aiida-hezsp dataset export 1234 --output images.xyz
      aiida-hezsp dataset origin 1234 17
      aiida-hezsp dataset import images.xyz
    """


@cmd_dataset.command("list")
@click.option("-e", "--engine", help="Only datasets with labels of this engine, or one that begins so: vasp, standin.")
@_JSON
@click.pass_context
def cmd_list(ctx: click.Context, engine: str | None, as_json: bool) -> None:
    """List the datasets: number of images and compositions, and what made the labels.

    \b
    Example:
      aiida-hezsp dataset list --engine standin
    """
    _load_profile(ctx)
    from aiida import orm

    from aiida_hezsp.data import ImageData

    found = orm.QueryBuilder().append(ImageData).all(flat=True)
    nodes = sorted(
        (node for node in found if engine is None or any(name.startswith(engine) for name in node.engines)),
        key=lambda node: node.pk,
    )
    rows = [
        {
            "pk": node.pk,
            "uuid": node.uuid,
            "images": node.n_images,
            "compositions": len(node.groups),
            "engines": node.engines,
            "made_by": None if node.creator is None else f"{node.creator.process_label}<{node.creator.pk}>",
        }
        for node in nodes
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    table = [
        [row["pk"], row["images"], row["compositions"], ", ".join(row["engines"]), row["made_by"] or "-"]
        for row in rows
    ]
    print_table(["PK", "Images", "Compositions", "Labels by", "Made by"], table)


@cmd_dataset.command("show")
@_DATASET
@_JSON
@click.pass_context
def cmd_show(ctx: click.Context, dataset: str, as_json: bool) -> None:
    """Show a DATASET by composition: images, energies, forces, volumes, and what was left out and why.

    \b
    Example:
      aiida-hezsp dataset show 1234
    """
    node = _load(ctx, dataset)
    from aiida_hezsp.report.dataset import dataset_rows

    rows, removed = dataset_rows(node.get_images()), removed_of(node)
    if as_json:
        content = {"pk": node.pk, "uuid": node.uuid, "n_images": node.n_images, "engines": node.engines}
        click.echo(json.dumps({**content, "groups": rows, "removed": removed}, indent=1))
        return
    click.echo(f"dataset {node.pk} ({node.uuid}): {node.n_images} images, labels by {', '.join(node.engines)}")
    headers = ["Composition", "Images", "E (eV/atom)", "F rms, max (eV/A)", "V (A^3/atom)", "Stress", "Moments"]
    table = [
        [
            row["group"],
            row["images"],
            f"{row['energy_low']:.4f} .. {row['energy_high']:.4f}",
            f"{row['force_rms']:.3f}, {row['force_max']:.3f}",
            f"{row['volume_low']:.3f} .. {row['volume_high']:.3f}",
            row["stress"],
            row["magmoms"],
        ]
        for row in rows
    ]
    print_table(headers, table)
    for entry in removed:
        step = "the whole run" if entry.get("step") is None else f"ionic step {entry['step']}"
        click.echo(f"left out: {entry['group']}, {entry['source']}, {step}: {entry.get('reason', 'abnormal energy')}")


@cmd_dataset.command("plot")
@_DATASET
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="PNG, SVG or PDF.")
@_OVERWRITE
@click.pass_context
def cmd_plot(ctx: click.Context, dataset: str, output: Path, overwrite: bool) -> None:
    """Draw a DATASET: energy, forces and volume of every image, by composition.

    \b
    Example:
      aiida-hezsp dataset plot 1234 --output images.png
    """
    check_output(output, suffixes=_FORMATS, overwrite=overwrite)
    node = _load(ctx, dataset)
    from aiida_hezsp.report.dataset import dataset_figure
    from aiida_hezsp.report.write import write_figure

    standin = any(engine.startswith("standin") for engine in node.engines)
    title = f"Dataset {node.pk}: {node.n_images} images of {len(node.groups)} compositions"
    figure = dataset_figure(node.get_images(), title, standin=standin, removed=removed_of(node))
    write_figure(figure, output)
    click.echo(f"{output}: {node.n_images} images")


@cmd_dataset.command("export")
@_DATASET
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file.")
@_OVERWRITE
@click.pass_context
def cmd_export(ctx: click.Context, dataset: str, output: Path, overwrite: bool) -> None:
    """Write a DATASET as extended XYZ, which ASE and other programs read.

    Energy in eV, forces in eV/A, stress in eV/A^3 with ASE's sign, moments in mu_B where they are known; every image
    names its composition, its calculation (UUID), its ionic step and its label engine.

    \b
    Example:
      aiida-hezsp dataset export 1234 --output images.xyz
    """
    check_output(output, overwrite=overwrite)
    node = _load(ctx, dataset)
    node.to_extxyz(output)
    click.echo(f"{output}: {node.n_images} images")


@cmd_dataset.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-e", "--engine", metavar="NAME", help="What made the labels, where the file does not say: gpaw 26.7.0.")
@_JSON
@click.pass_context
def cmd_import(ctx: click.Context, file: Path, engine: str | None, as_json: bool) -> None:
    """Store labelled images of an extended XYZ FILE as a dataset, ready for `launch finetune`.

    Every frame needs energy (eV), forces (eV/A) and a periodic cell; stress (eV/A^3, tension positive) and moments are
    taken where they are there. Of the comment line: `group` or `composition`, `source` or `id`, `step`, `engine`.
    Nothing is stored if a frame is unfit. The file stays in the graph; it stands for the calculations it came from.

    \b
    Examples:
      aiida-hezsp dataset import images.xyz
      aiida-hezsp dataset import others.xyz --engine "cp2k 2025.1"
    """
    _load_profile(ctx)
    from aiida import orm

    from aiida_hezsp.calculations.read_images import read_images
    from aiida_hezsp.potential.image_files import read_extxyz

    read_extxyz(file, engine)  # refuses before anything is stored
    named = {} if engine is None else {"engine": orm.Str(engine)}
    node = read_images(file=orm.SinglefileData(file.resolve()), **named)
    found = {"pk": node.pk, "uuid": node.uuid, "images": node.n_images, "engines": node.engines}
    if as_json:
        click.echo(json.dumps(found | {"groups": node.groups}, indent=1))
        return
    labels = ", ".join(node.engines)
    click.echo(f"dataset {node.pk}: {node.n_images} images of {len(node.groups)} compositions, labels by {labels}")


@cmd_dataset.command("origin")
@_DATASET
@click.argument("images", nargs=-1, type=click.IntRange(min=0))
@click.option("--group", help="Only the images of this composition.")
@_JSON
@click.pass_context
def cmd_origin(ctx: click.Context, dataset: str, images: tuple[int, ...], group: str | None, as_json: bool) -> None:
    """Say which calculation and which ionic step labelled IMAGES (numbers from 0; all if none is given).

    \b
    Example:
      aiida-hezsp dataset origin 1234 17 18
    """
    from aiida_hezsp.errors import ImageError

    node = _load(ctx, dataset)
    rows = node.origins()
    if images and max(images) >= len(rows):
        raise ImageError(f"image {max(images)} does not exist: the dataset has images 0 to {len(rows) - 1}")
    chosen = [rows[index] for index in images] if images else rows
    if group is not None:
        if group not in node.groups:
            raise ImageError(f"no image belongs to {group}; compositions are {', '.join(node.groups)}")
        chosen = [row for row in chosen if row["group"] == group]
    if as_json:
        click.echo(json.dumps(chosen, indent=1))
        return
    table = [[row["image"], row["group"], row["step"], row["pk"], row["uuid"], row["engine"]] for row in chosen]
    print_table(["Image", "Composition", "Ionic step", "Calculation", "UUID", "Labels by"], table)


def removed_of(node: "ImageData") -> list[dict[str, Any]]:
    """Return what was left out when the dataset was merged, as `hezsp.merge_images` recorded it."""
    creator = node.creator
    if creator is None or "removed" not in creator.outputs:
        return []
    return list(creator.outputs.removed.get_dict().get("removed", []))


def _load_profile(ctx: click.Context) -> None:
    from aiida_hezsp.cli.environment import load_profile_or_fail

    load_profile_or_fail(ctx.obj["profile"])


def _load(ctx: click.Context, identifier: str) -> "ImageData":
    """Return a dataset node."""
    _load_profile(ctx)
    from aiida_hezsp.cli.inputs import load_node_or_fail
    from aiida_hezsp.data import ImageData

    node: ImageData = load_node_or_fail(identifier, ImageData)
    return node
