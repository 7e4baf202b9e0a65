"""From a DFT calculation down to everything that rests on it, so that a bad calculation can be recalled."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from aiida import orm
from aiida.common import LinkType

from aiida_hezsp.data import ChgnetModelData, ImageData, SfmsdModelData
from aiida_hezsp.errors import PredictionError
from aiida_hezsp.provenance.chunks import chunks
from aiida_hezsp.provenance.graph import kind_of_process
from aiida_hezsp.provenance.predictions import PREDICT_PROCESS_TYPE, SAME

__all__ = ("Recall", "RecalledNode", "RecalledPrediction", "recall_calculation")

_FORWARD = (LinkType.CREATE.value, LinkType.INPUT_CALC.value)
_MODELS = (ImageData, ChgnetModelData, SfmsdModelData)
_RELAX = "aiida.calculations:hezsp.relax"


@dataclass(frozen=True)
class RecalledNode:
    """A dataset or a model that rests on the calculation; `name` is what people know it by."""

    pk: int
    uuid: str
    kind: str
    name: str
    made_by: str


@dataclass(frozen=True)
class RecalledPrediction:
    """A prediction that rests on the calculation; MSD in A^2."""

    pk: int
    uuid: str
    formula: str
    label: str
    family: str | None
    model_kind: str | None
    msd: float
    volume: float | None


@dataclass(frozen=True)
class Recall:
    """What rests on one calculation.

    Attributes:
        calculation: pk, uuid, process, label, exit status.
        images: number of images in datasets that this calculation itself labelled, by pk of the first dataset.
        datasets, models, predictions: what rests on it; predictions in the order of their MSD, copies counted once.
    """

    calculation: dict[str, Any]
    images: dict[int, int]
    datasets: tuple[RecalledNode, ...]
    models: tuple[RecalledNode, ...]
    predictions: tuple[RecalledPrediction, ...]

    @property
    def verdict(self) -> str:
        """One sentence."""
        counts = f"{len(self.datasets)} datasets, {len(self.models)} models and {len(self.predictions)} predictions"
        if not self.datasets:
            return "No dataset rests on this calculation: nothing has to be recalled."
        labels = sum(self.images.values())
        made = (
            f"{labels} images carry its labels" if labels else "None of its labels is used, but its continuations are"
        )
        return f"{made}; {counts} rest on it."

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able data."""
        return {
            "calculation": self.calculation,
            "verdict": self.verdict,
            "images": sum(self.images.values()),
            "datasets": [asdict(node) for node in self.datasets],
            "models": [asdict(node) for node in self.models],
            "predictions": [asdict(row) for row in self.predictions],
        }


def recall_calculation(node: orm.Node) -> Recall:
    """Return the datasets, models and predictions that rest on a calculation (VASP or another).

    The walk goes down the data provenance as far as the models; of the thousands of steps behind them only the
    predictions are asked for, in two queries.

    Raises:
        PredictionError: the node is not a calculation.
    """
    if not isinstance(node, orm.CalculationNode):
        raise PredictionError(
            f"node {node.pk} is a {type(node).__name__}, not a calculation: name the DFT calculation, "
            "as `aiida-hezsp trace PREDICTION --all` lists it"
        )
    found = _special(_reached(node.pk))
    models = [entry for entry in found if isinstance(entry, ChgnetModelData | SfmsdModelData)]
    facts = {"label": node.label, "exit_status": node.exit_status, "process": kind_of_process(node.process_type)}
    return Recall(
        calculation={"pk": node.pk, "uuid": node.uuid, **facts},
        images=_own_images(node),
        datasets=tuple(_recalled(entry) for entry in found if isinstance(entry, ImageData)),
        models=tuple(_recalled(entry) for entry in models),
        predictions=_predictions([entry.pk for entry in models]),
    )


def _reached(start: int) -> set[int]:
    """Return all nodes below one, but neither predictions nor what is behind them."""
    reached, level = {start}, {start}
    while level:
        following: set[int] = set()
        for chunk in chunks(level):
            query = orm.QueryBuilder().append(orm.Node, filters={"id": {"in": chunk}}, tag="source")
            query.append(
                orm.Node,
                with_incoming="source",
                edge_filters={"type": {"in": list(_FORWARD)}},
                filters={"or": [{"process_type": None}, {"process_type": {"!==": PREDICT_PROCESS_TYPE}}]},
                project="id",
            )
            following |= set(query.all(flat=True))
        level = following - reached
        reached |= level
    return reached


def _special(reached: Iterable[int]) -> list[orm.Data]:
    """Return the datasets and models among nodes, by pk."""
    found: list[orm.Data] = []
    for chunk in chunks(reached):
        query = orm.QueryBuilder().append(list(_MODELS), filters={"id": {"in": chunk}}, project="*")
        found += query.all(flat=True)
    return sorted(found, key=lambda entry: entry.pk)


_PREDICT = {"process_type": PREDICT_PROCESS_TYPE}
_FIELDS = tuple(name for name in RecalledPrediction.__dataclass_fields__ if name not in {"pk", "uuid"})


def _predictions(models: list[int]) -> tuple[RecalledPrediction, ...]:
    """Return the predictions made with one of the models, or of a structure that one of them relaxed."""
    project = ["id", "uuid", *(f"attributes.{name}" for name in _FIELDS)]
    found: dict[tuple, RecalledPrediction] = {}
    for chunk in chunks(models):
        for query in (_with_model(chunk), _relaxed_by(chunk)):
            query.append(orm.Dict, with_incoming="predict", project=project)
            for values in query.all():
                row = RecalledPrediction(*values)
                identity = tuple(getattr(row, name) for name in SAME)
                if identity not in found or found[identity].pk < row.pk:
                    found[identity] = row
    return tuple(sorted(found.values(), key=lambda row: (-row.msd, row.label)))


def _with_model(models: list[int]) -> orm.QueryBuilder:
    query = orm.QueryBuilder().append(orm.Data, filters={"id": {"in": models}}, tag="model")
    return query.append(orm.CalcFunctionNode, with_incoming="model", filters=_PREDICT, tag="predict")


def _relaxed_by(models: list[int]) -> orm.QueryBuilder:
    query = orm.QueryBuilder().append(orm.Data, filters={"id": {"in": models}}, tag="model")
    query.append(orm.CalcJobNode, with_incoming="model", filters={"process_type": _RELAX}, tag="relax")
    query.append(orm.StructureData, with_incoming="relax", tag="structure")
    return query.append(orm.CalcFunctionNode, with_incoming="structure", filters=_PREDICT, tag="predict")


def _own_images(node: orm.CalculationNode) -> dict[int, int]:
    """Return how many images the calculation labelled, by pk of the dataset that collected them."""
    query = orm.QueryBuilder().append(orm.Node, filters={"id": node.pk}, tag="calculation")
    query.append(orm.FolderData, with_incoming="calculation", tag="retrieved")
    query.append(
        orm.CalcFunctionNode,
        with_incoming="retrieved",
        tag="collector",
        edge_project="label",
        edge_filters={"label": {"like": "retrieved__%"}},
    )
    query.append(ImageData, with_incoming="collector", project="*")
    found = {}
    for dataset, label in query.all():
        sources = dataset.get_images().sources.tolist()
        found[dataset.pk] = sources.count(label.removeprefix("retrieved__"))
    return found


def _recalled(node: orm.Data) -> RecalledNode:
    creator = node.creator
    made_by = "" if creator is None else f"{kind_of_process(creator.process_type, creator.process_label)}<{creator.pk}>"
    if isinstance(node, ImageData):
        name = f"{node.n_images} images of {len(node.groups)} compositions"
    elif isinstance(node, ChgnetModelData):
        name = f"CHGNet {node.name} sha256 {node.sha256[:12]}"
    else:
        name = f"SF-MSD {node.kind}"
    return RecalledNode(node.pk, node.uuid, type(node).__name__, name, made_by)
