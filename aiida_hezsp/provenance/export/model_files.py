"""The models of an archive as files, for those who want to use one without AiiDA."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiida import orm

from aiida_hezsp.data import ChgnetModelData, SfmsdModelData
from aiida_hezsp.provenance.chunks import chunks

__all__ = ("ModelFile", "write_models")


@dataclass(frozen=True)
class ModelFile:
    """A model as it lies in the folder: its files, the node it is of, and what the node says."""

    files: tuple[str, ...]
    uuid: str
    what: str
    label_engines: tuple[str, ...]


def write_models(nodes: Iterable[int], folder: Path) -> list[ModelFile]:
    """Write the models among nodes; equal CHGNet models are written once, under the oldest node's name."""
    found, seen = [], set()
    for node in _models(nodes):
        if isinstance(node, ChgnetModelData):
            if node.sha256 in seen:
                continue
            seen.add(node.sha256)
            found.append(_chgnet(node, folder))
        else:
            found.append(_sfmsd(node, folder))
    return found


def _models(nodes: Iterable[int]) -> list[Any]:
    found = []
    for chunk in chunks(nodes):
        filters = {"id": {"in": chunk}}
        query = orm.QueryBuilder().append([ChgnetModelData, SfmsdModelData], filters=filters, project="*")
        found += query.all(flat=True)
    return sorted(found, key=lambda node: node.pk)


def _chgnet(node: ChgnetModelData, folder: Path) -> ModelFile:
    name = f"model-chgnet-{node.uuid[:8]}.safetensors"
    (folder / name).write_bytes(node.get_content(mode="rb"))
    creator = node.creator
    made = f"made by {creator.process_label} {creator.uuid}" if creator is not None else "pretrained"
    return ModelFile((name,), node.uuid, f"CHGNet {node.name}, {made}", tuple(node.label_engines))


def _sfmsd(node: SfmsdModelData, folder: Path) -> ModelFile:
    stem = f"model-sfmsd-{node.kind}-{node.uuid[:8]}"
    inside_names = (node.estimator_file, node.SIDECAR)
    names = tuple(f"{stem}{Path(inside).suffix}" for inside in inside_names)
    for name, inside in zip(names, inside_names, strict=True):
        (folder / name).write_bytes(node.base.repository.get_object_content(inside, mode="rb"))
    return ModelFile(names, node.uuid, f"SF-MSD {node.kind}, features {node.feature_set}", tuple(node.label_engines))
