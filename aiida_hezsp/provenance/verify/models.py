"""The nodes of this package in an archive: their files go through the same loaders that read them later."""

import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from aiida_hezsp.errors import HezspError
from aiida_hezsp.provenance.verify.findings import DAMAGED, Finding, one_line
from aiida_hezsp.provenance.verify.nodes import NodeFiles

__all__ = ("check_model_file", "check_models")

CHECK = "model"
SFMSD_SUFFIXES = (".skops", ".sisso")


def check_models(archive: zipfile.ZipFile, nodes: Iterable[NodeFiles], where: str) -> Iterator[Finding]:
    """Yield what is wrong with CHGNet models, SF-MSD models and image sets; each content is read once."""
    seen: set[tuple[Any, ...]] = set()
    for node in nodes:
        kind = node.node_type.rstrip(".").rpartition(".")[2]
        mark = (kind, *sorted(node.files.items()), str(node.attributes.get("sha256")), str(node.attributes.get("kind")))
        if mark in seen:
            continue
        seen.add(mark)
        place = f"{where}: {kind} {node.uuid}"
        with tempfile.TemporaryDirectory() as name:
            try:
                paths = _unpack(archive, node, Path(name))
                yield from _check(kind, node, paths, place)
            except HezspError as error:
                yield Finding(CHECK, place, one_line(str(error).replace(f"{name}/", "")))
            except DAMAGED as error:
                yield Finding(CHECK, place, f"cannot be read ({type(error).__name__}: {one_line(error)})")


def check_model_file(path: Path) -> None:
    """Check a model file of an exported folder (``.safetensors``, or ``.skops`` or ``.sisso`` with its ``.json``).

    Raises:
        HezspError: with what is wrong.
    """
    if path.suffix in SFMSD_SUFFIXES:
        from aiida_hezsp.sfmsd import load_model

        load_model(path)
    else:
        from aiida_hezsp.potential.model_file import verify_model_file

        verify_model_file(path)


def _unpack(archive: zipfile.ZipFile, node: NodeFiles, folder: Path) -> list[Path]:
    """Write the files of a node to a folder, by their last names."""
    paths = []
    for name, key in node.files.items():
        path = folder / Path(name).name
        with archive.open(f"repo/{key}") as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
        paths.append(path)
    return paths


def _check(kind: str, node: NodeFiles, paths: list[Path], place: str) -> Iterator[Finding]:
    """Yield what a loader says, and whether the node's attributes are those of its file."""
    if kind == "ImageData":
        from aiida_hezsp.potential.images import ImageSet

        images = ImageSet.load(_one(paths, ".npz"))
        if node.attributes.get("n_images") != len(images):
            yield Finding(CHECK, place, f"holds {len(images)} images, not {node.attributes.get('n_images')!r}")
    elif kind == "ChgnetModelData":
        from aiida_hezsp.potential.model_file import sha256_of

        path = _one(paths, ".safetensors")
        check_model_file(path)
        if node.attributes.get("sha256") != sha256_of(path):
            yield Finding(CHECK, place, "its file is not the one whose checksum the node has")
    elif kind == "SfmsdModelData":
        from aiida_hezsp.sfmsd import load_model

        model = load_model(_one(paths, *SFMSD_SUFFIXES))
        if (node.attributes.get("kind"), node.attributes.get("features")) != (model.kind, list(model.features)):
            yield Finding(CHECK, place, "its file is not the model that the node describes")


def _one(paths: list[Path], *suffixes: str) -> Path:
    """Return the one file of a kind."""
    found = [path for path in paths if path.suffix in suffixes]
    if len(found) != 1:
        raise ValueError(f"{len(found)} files *{' *'.join(suffixes)} where one is needed")
    return found[0]
