"""What thousands of predictions rest on: traced once for all that share a model; their own steps apart."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from aiida import orm

from aiida_hezsp.provenance.graph import AncestorGraph
from aiida_hezsp.provenance.trace import Trace, TracedData, TracedProcess, trace_prediction
from aiida_hezsp.report.explorer.links import Links, continued_from

__all__ = ("OWN_STAGES", "Traces", "gather_traces")

OWN_STAGES = ("prediction", "features", "relaxation", "configurations")
_PROCESS = ("uuid", "kind", "label", "composition", "engine", "exit_status", "labels_used")


@dataclass(frozen=True)
class Traces:
    """Shared traces, and for each prediction (by pk) the number of its shared trace and the UUIDs of its own steps."""

    shared: list[dict[str, Any]]
    of: dict[int, int]
    own: dict[int, dict[str, list[str]]]


def gather_traces(links: Mapping[int, Links]) -> Traces:
    """Return the traces of predictions.

    Predictions of one SF-MSD model whose structures were relaxed with one potential rest on the same training runs,
    datasets and DFT calculations, so one of them is traced; its steps that are not ancestors of those two models are
    its own and are looked up for every prediction.
    """
    first: dict[tuple[int, int | None], int] = {}
    for pk, link in links.items():
        first.setdefault(link.shared, pk)
    numbers = {key: number for number, key in enumerate(first)}
    shared = [_shared(trace_prediction(orm.load_node(pk)), key) for key, pk in first.items()]
    return Traces(shared, {pk: numbers[link.shared] for pk, link in links.items()}, _own(links))


def _shared(trace: Trace, models: tuple[int, int | None]) -> dict[str, Any]:
    """Return a trace without what belongs to one prediction only."""
    common = {node.uuid for pk in models if pk is not None for node in AncestorGraph(pk).nodes.values()}
    stages = [
        {
            "key": stage.key,
            "title": stage.title,
            "feeds": stage.feeds,
            "processes": [_process(item) for item in stage.processes if item.uuid in common],
            "data": [_data(item) for item in stage.data if item.uuid in common],
        }
        for stage in trace.stages
    ]
    return {"verdict": trace.verdict, "engines": trace.engines, "stages": stages}


def _process(item: TracedProcess) -> dict[str, Any]:
    known = asdict(item)
    return {name: known[name] for name in _PROCESS if known.get(name) not in (None, "")}


def _data(item: TracedData) -> dict[str, Any]:
    return {"uuid": item.uuid, "kind": item.kind, "facts": item.facts}


def _own(links: Mapping[int, Links]) -> dict[int, dict[str, list[str]]]:
    """Return by prediction the UUIDs of the processes that are its own, by stage."""
    before = continued_from({link.relaxation for link in links.values() if link.relaxation is not None})
    pks = {pk: _own_pks(link, before) for pk, link in links.items()}
    uuids = _uuids({pk for stages in pks.values() for found in stages.values() for pk in found})
    return {
        prediction: {stage: [uuids[pk] for pk in found] for stage, found in stages.items()}
        for prediction, stages in pks.items()
    }


def _own_pks(link: Links, before: Mapping[int, int]) -> dict[str, list[int]]:
    relaxations = [link.relaxation] if link.relaxation is not None else []
    while relaxations and relaxations[-1] in before:
        relaxations.append(before[relaxations[-1]])
    return {
        "prediction": [link.predict],
        "features": [link.features_step] if link.features_step is not None else [],
        "relaxation": relaxations,
        "configurations": [link.configuration] if link.configuration is not None else [],
    }


def _uuids(pks: Iterable[int]) -> dict[int, str]:
    wanted = set(pks)
    query = orm.QueryBuilder().append(orm.CalculationNode, project=["id", "uuid"])
    return {pk: uuid for pk, uuid in query.iterall() if pk in wanted}
