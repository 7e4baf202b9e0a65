"""Which DFT calculation labelled which composition, and what made the labels: VASP or the stand-in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aiida import orm

from aiida_hezsp.provenance.graph import AncestorGraph, read_attributes

__all__ = ("DftLabel", "dft_labels")


@dataclass(frozen=True)
class DftLabel:
    """Composition label and label engine of one DFT calculation."""

    composition: str | None
    engine: str


def dft_labels(graph: AncestorGraph, dataset_steps: Iterable[int]) -> dict[int, DftLabel]:
    """Return what is known of the DFT calculations that a dataset was collected from.

    Args:
        graph: the ancestors of the prediction.
        dataset_steps: the calcfunctions that made the dataset; those with an input `retrieved` collected runs.
    """
    collectors = [pk for pk in dataset_steps if graph.inputs(pk, "retrieved")]
    names = read_attributes(graph.entered(collectors, "group", "groups"))
    made = {pk: graph.outputs(pk, "ImageData") for pk in collectors}
    attributes = read_attributes(node for nodes in made.values() for node in nodes)
    found: dict[int, DftLabel] = {}
    for collector in collectors:
        compositions = _compositions(graph, collector, names)
        engines = _Engines(made[collector], attributes)
        for key, run in _runs(graph, collector):
            found[run] = DftLabel(compositions.get(key) or compositions.get(""), engines.of(key))
    return found


def _runs(graph: AncestorGraph, collector: int) -> Iterator[tuple[str, int]]:
    """Yield run key and calculation."""
    for key, retrieved in graph.inputs(collector, "retrieved").items():
        calculation = graph.creator(retrieved)
        if calculation is not None:
            yield key, calculation


def _compositions(graph: AncestorGraph, collector: int, attributes: dict[int, dict]) -> dict[str, str]:
    """Return the composition label by run key; key "" where one label is for all."""
    for node in graph.inputs(collector, "group").values():
        return {"": attributes[node]["value"]}
    for node in graph.inputs(collector, "groups").values():
        return dict(attributes[node])
    return {}


class _Engines:
    """The label engines of what one calcfunction collected: one for all of it, or read image by image."""

    def __init__(self, image_sets: list[int], attributes: dict[int, dict]) -> None:
        names = {engine for pk in image_sets for engine in attributes[pk]["engines"]}
        self.only = next(iter(names)) if len(names) == 1 else None
        self.by_source: dict[str, set[str]] = {}
        for pk in image_sets if len(names) > 1 else ():
            images = orm.load_node(pk).get_images()
            for source, engine in zip(images.sources.tolist(), images.engines.tolist(), strict=True):
                self.by_source.setdefault(source, set()).add(engine)

    def of(self, key: str) -> str:
        """Return the engine of one run."""
        return self.only or " + ".join(sorted(self.by_source.get(key, {"unknown"})))
