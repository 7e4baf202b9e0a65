"""From a prediction to everything it rests on, by stage."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from aiida import orm

from aiida_hezsp.provenance.graph import AncestorGraph, NodeInfo, read_attributes
from aiida_hezsp.provenance.labels import DftLabel, dft_labels
from aiida_hezsp.provenance.predictions import require_prediction
from aiida_hezsp.provenance.stages import STAGES, assign_stages

__all__ = ("Stage", "Trace", "TracedData", "TracedProcess", "trace_prediction")

_FACTS = {
    "ImageData": ("n_images", "groups", "engines"),
    "ChgnetModelData": ("name", "version", "sha256", "label_engines"),
    "SfmsdModelData": ("kind", "label_engines"),
}
_DFT_STAGES = ("md_dft", "relaxation_dft")
_OF_ONE_PROFILE = ("pk", "cached")
READ = "hezsp.read_images"
STANDIN = "standin"


@dataclass(frozen=True)
class TracedProcess:
    """A process of a stage; of a DFT calculation also what it labelled and what made the labels."""

    pk: int
    uuid: str
    kind: str
    label: str
    state: str | None
    exit_status: int | None
    exit_message: str | None
    cached: bool
    composition: str | None = None
    engine: str | None = None
    labels_used: bool | None = None


@dataclass(frozen=True)
class TracedData:
    """A data node that a stage is known by: a dataset, a model, the prediction itself."""

    pk: int
    uuid: str
    kind: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class Stage:
    """What a prediction rests on at one stage; `feeds` is the key of the stage that uses it."""

    key: str
    title: str
    feeds: str | None
    processes: tuple[TracedProcess, ...]
    data: tuple[TracedData, ...]

    @property
    def count(self) -> int:
        """Number of processes, or of data nodes where the stage has no process (a pretrained model)."""
        return len(self.processes) or len(self.data)


@dataclass(frozen=True)
class Trace:
    """All that one prediction rests on.

    `file_labels`: number of labelled images that were read from files, by what made them; of their calculations the
    graph knows nothing else.
    """

    prediction: dict[str, Any]
    stages: tuple[Stage, ...]
    file_labels: dict[str, int]

    def __getitem__(self, key: str) -> Stage:
        return next(stage for stage in self.stages if stage.key == key)

    @property
    def engines(self) -> dict[str, int]:
        """Number of DFT calculations whose labels are used, by what made them (``vasp 6.4.2``, ``standin ...``)."""
        used = (process for key in _DFT_STAGES for process in self[key].processes if process.labels_used)
        unique = {process.uuid: process.engine or "unknown" for process in used}
        return dict(sorted(Counter(unique.values()).items()))

    @property
    def has_standin_labels(self) -> bool:
        """Whether a label was made by the VASP stand-in."""
        return any(engine.startswith(STANDIN) for engine in (*self.engines, *self.file_labels))

    @property
    def verdict(self) -> str:
        """One sentence about what made the labels."""
        if not self.engines and not self.file_labels:
            return "No DFT calculation is in this graph: the potential was used as it came."
        parts = [f"Labels of {sum(self.engines.values())} DFT calculations: {_counts(self.engines)}."]
        if self.file_labels:
            read = f"Labelled images read from files: {_counts(self.file_labels)}; their calculations are not here."
            parts = [*(parts if self.engines else []), read]
        return " ".join([*parts, *(["No VASP ran for the stand-in's labels."] if self.has_standin_labels else [])])

    @property
    def labels(self) -> dict[str, Any]:
        """What made the labels, as JSON-able data."""
        return {
            "engines": self.engines,
            "files": self.file_labels,
            "standin": self.has_standin_labels,
            "verdict": self.verdict,
        }

    def to_dict(self, *, pks: bool = True) -> dict[str, Any]:
        """Return the trace as JSON-able data.

        Without `pks` it leaves out what belongs to one profile (pks, and what came from its cache, which an archive
        does not keep), and is the same in every profile that holds the nodes.
        """
        stages = [
            {**asdict(stage), "count": stage.count, "processes": _plain(stage.processes), "data": _plain(stage.data)}
            for stage in self.stages
        ]
        content = {"prediction": self.prediction, "labels": self.labels, "stages": stages}
        return content if pks else _portable(content)


def trace_prediction(node: orm.Dict) -> Trace:
    """Return everything a prediction rests on, by stage, from the features down to the DFT calculations.

    Raises:
        PredictionError: the node is not a prediction.
    """
    require_prediction(node)
    graph = AncestorGraph(node.pk)
    assigned = assign_stages(graph, node.pk)
    data = _stage_data(graph, node.pk, assigned)
    attributes = read_attributes(pk for pks in data.values() for pk in pks if graph.nodes[pk].kind in _FACTS)
    labels = {key: dft_labels(graph, assigned[_dataset_of(key)]) for key in _DFT_STAGES}
    stages = tuple(
        Stage(
            stage.key,
            stage.title,
            stage.feeds,
            _processes((graph.nodes[pk] for pk in assigned[stage.key]), labels.get(stage.key)),
            tuple(_traced_data(graph.nodes[pk], attributes.get(pk, {})) for pk in data.get(stage.key, ())),
        )
        for stage in STAGES
    )
    return Trace(_summary(node), stages, _file_labels(graph))


def _file_labels(graph: AncestorGraph) -> dict[str, int]:
    """Return the number of images that were read from files, by label engine."""
    read = [pk for process in graph.processes(READ) for pk in graph.outputs(process, "ImageData")]
    counts: Counter[str] = Counter()
    for attributes in read_attributes(read).values():
        counts.update(attributes["engines"])
    return dict(sorted(counts.items()))


def _dataset_of(dft_stage: str) -> str:
    return next(stage.feeds for stage in STAGES if stage.key == dft_stage) or ""


def _stage_data(graph: AncestorGraph, prediction: int, assigned: dict[str, list[int]]) -> dict[str, list[int]]:
    """Return the data nodes that stages are known by."""
    predict, training = assigned["prediction"], assigned["sfmsd_training"]
    models = [pk for pk, node in graph.nodes.items() if node.kind == "ChgnetModelData"]
    return {
        "prediction": [prediction],
        "relaxation": graph.entered(predict, "structure"),
        "sfmsd_training": graph.entered(predict, "model") + graph.entered(training, "table"),
        "md_dataset": graph.entered(assigned["second_finetune"], "images"),
        "relaxation_dataset": graph.entered(assigned["first_finetune"], "images"),
        "second_finetune": sorted(pk for pk in models if graph.creator(pk) in assigned["second_finetune"]),
        "first_finetune": sorted(pk for pk in models if graph.creator(pk) in assigned["first_finetune"]),
        "pretrained": sorted(pk for pk in models if graph.creator(pk) is None),
    }


def _processes(nodes: Iterable[NodeInfo], labels: dict[int, DftLabel] | None) -> tuple[TracedProcess, ...]:
    found = []
    for node in nodes:
        label = None if labels is None else labels.get(node.pk)
        found.append(
            TracedProcess(
                pk=node.pk,
                uuid=node.uuid,
                kind=node.kind,
                label=node.label,
                state=node.state,
                exit_status=node.exit_status,
                exit_message=node.exit_message,
                cached=node.cached,
                composition=label.composition if label else None,
                engine=label.engine if label else None,
                labels_used=None if labels is None else label is not None,
            )
        )
    return tuple(found)


def _traced_data(node: NodeInfo, attributes: dict[str, Any]) -> TracedData:
    facts = {name: attributes[name] for name in _FACTS.get(node.kind, ()) if name in attributes}
    return TracedData(node.pk, node.uuid, node.kind, facts)


def _summary(node: orm.Dict) -> dict[str, Any]:
    names = ("label", "formula", "family", "type", "x_li", "s_config", "msd", "msd_low", "msd_high", "coverage")
    known = node.get_dict()
    summary = {name: known.get(name) for name in (*names, "model_kind", "label_engines", "outside_domain")}
    return {"pk": node.pk, "uuid": node.uuid, **summary}


def _counts(engines: dict[str, int]) -> str:
    return ", ".join(f"{count} by {engine}" for engine, count in engines.items())


def _plain(items: Iterable[TracedProcess] | Iterable[TracedData]) -> list[dict[str, Any]]:
    return [{key: value for key, value in asdict(item).items() if value is not None} for item in items]


def _portable(value: Any) -> Any:
    """Return JSON-able data without what belongs to one profile, lists of nodes in the order of their UUIDs."""
    if isinstance(value, dict):
        return {key: _portable(entry) for key, entry in value.items() if key not in _OF_ONE_PROFILE}
    if isinstance(value, list):
        entries = [_portable(entry) for entry in value]
        if entries and all(isinstance(entry, dict) and "uuid" in entry for entry in entries):
            return sorted(entries, key=lambda entry: entry["uuid"])
        return entries
    return value
