"""Find, load and rank predictions."""

import difflib
import heapq
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from aiida import orm
from aiida.common.exceptions import MultipleObjectsError, NotExistent

from aiida_hezsp.chemistry.labels import formula_of_label
from aiida_hezsp.errors import PredictionError
from aiida_hezsp.provenance.chunks import chunks
from aiida_hezsp.provenance.graph import kind_of_process
from aiida_hezsp.provenance.identifiers import find_node

__all__ = (
    "PREDICT_PROCESS_TYPE",
    "SAME",
    "RankedPrediction",
    "find_predictions",
    "is_identifier",
    "is_prediction",
    "load_prediction",
    "matching_predictions",
    "model_of",
    "nearest_formulas",
    "predictions_of",
    "rank_predictions",
    "read_rows",
    "require_prediction",
    "rounded",
)

PREDICT_PROCESS_TYPE = "aiida.calculations:hezsp.predict"
_KIND = "hezsp.predict"
_LIST = "`aiida-hezsp rank` lists the predictions"
_SMALL = 10.0
_AMOUNT = re.compile(r"([A-Z][a-z]?)(\d+(?:\.\d+)?|\.\d+)?")
_UUID = re.compile(r"[0-9a-f]{4,8}(-[0-9a-f-]*)?")


@dataclass(frozen=True)
class RankedPrediction:
    """One row of a ranking; MSD and the ends of its interval (of probability `coverage`) in A^2."""

    rank: int
    pk: int
    uuid: str
    label: str
    formula: str
    family: str | None
    type: str | None
    x_li: float
    s_config: float
    entropy_class: str | None
    msd: float
    msd_low: float | None
    msd_high: float | None
    coverage: float | None
    volume: float | None
    model_kind: str | None
    label_engines: tuple[str, ...]
    outside_domain: tuple[str, ...]
    features: dict[str, float]

    @property
    def standin(self) -> bool:
        """Whether the VASP stand-in made labels that this prediction rests on."""
        return any(engine.startswith("standin") for engine in self.label_engines)

    @property
    def msd_text(self) -> str:
        """MSD for people, A^2."""
        return rounded(self.msd)

    @property
    def interval_text(self) -> str:
        """Interval of the MSD for people, A^2; empty if unknown."""
        if self.msd_low is None or self.msd_high is None:
            return ""
        return f"{rounded(self.msd_low)} to {rounded(self.msd_high)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the row as JSON-able data."""
        row = asdict(self)
        return row | {"label_engines": list(self.label_engines), "outside_domain": list(self.outside_domain)}


_LISTS = ("label_engines", "outside_domain")
SAME = ("family", "label", "model_kind", "msd", "volume")  # equal in these: copies of one prediction
_ATTRIBUTES = tuple(name for name in RankedPrediction.__dataclass_fields__ if name not in {"rank", "pk", "uuid"})


def is_prediction(node: orm.Node) -> bool:
    """Return whether a node was made by `hezsp.predict`."""
    creator = node.creator if isinstance(node, orm.Dict) else None
    return creator is not None and kind_of_process(creator.process_type, creator.process_label) == _KIND


def require_prediction(node: orm.Node) -> None:
    """Check that a node is a prediction.

    Raises:
        PredictionError: it is not; says what it is.
    """
    if is_prediction(node):
        return
    if isinstance(node, orm.ProcessNode):
        count = len(predictions_of(node))
        has = f"it returned {count} predictions: `aiida-hezsp rank {node.pk}` lists them" if count else _LIST
        raise PredictionError(f"node {node.pk} is a process ({node.process_label}), not a prediction; {has}")
    kind = type(node).__name__
    raise PredictionError(f"node {node.pk} is a {kind}, not a prediction (a Dict made by hezsp.predict); {_LIST}")


def find_predictions(
    *, composition: str | None = None, process: orm.ProcessNode | None = None, msd_above: float | None = None
) -> list[orm.Dict]:
    """Return predictions, newest first.

    Args:
        composition: formula or label.
        process: the work chain that returned them.
        msd_above: A^2.
    """
    query = _query(process, composition, msd_above)
    query.order_by({"prediction": [{"ctime": "desc"}, {"id": "desc"}]})
    query.add_projection("prediction", "*")
    return query.all(flat=True)


def predictions_of(process: orm.ProcessNode) -> list[orm.Dict]:
    """Return the predictions that a work chain returned, newest first."""
    return find_predictions(process=process)


def is_identifier(text: str) -> bool:
    """Return whether a text is a pk or a UUID (or its beginning), not a formula."""
    return text.isdigit() or _UUID.fullmatch(text) is not None


def load_prediction(identifier: str | int) -> orm.Dict:
    """Return a prediction by pk, UUID (or its beginning), formula or label; of a composition the newest one.

    The order of the elements in a formula does not matter.

    Raises:
        PredictionError: there is none, or the identifier belongs to something else; says what.
    """
    text = str(identifier).strip()
    if is_identifier(text):
        node = _load_node(text)
        require_prediction(node)
        return node
    return matching_predictions(text)[0]


def matching_predictions(formula: str) -> list[orm.Dict]:
    """Return the predictions of a composition (formula or label), newest first; copies by the cache are left out.

    The order of the elements in a formula does not matter.

    Raises:
        PredictionError: there is none; names the nearest ones.
    """
    found = find_predictions(composition=formula)
    if not found:
        known = _known_formulas()
        amounts = _amounts(formula_of_label(formula))
        same = next((entry for entry in known if _amounts(entry) == amounts), None)
        if same is None:
            raise _unknown(formula, known)
        found = find_predictions(composition=same)
    unique: dict[tuple, orm.Dict] = {}
    for node in found:
        unique.setdefault(tuple(node.get(name) for name in SAME), node)
    return list(unique.values())


def model_of(node: orm.Dict) -> orm.Data:
    """Return the SF-MSD model that made a prediction."""
    model: orm.Data = node.creator.inputs.model
    return model


def nearest_formulas(formula: str, known: Iterable[str], n: int = 3) -> list[str]:
    """Return the `n` known formulas with the smallest sum of differences of amounts, nearest first."""
    wanted = _amounts(formula_of_label(formula))

    def distance(entry: str) -> float:
        amounts = _amounts(entry)
        return sum(abs(wanted.get(name, 0.0) - amounts.get(name, 0.0)) for name in {*wanted, *amounts})

    return heapq.nsmallest(n, sorted(set(known)), key=distance)


def rank_predictions(process: orm.ProcessNode | None = None) -> list[RankedPrediction]:
    """Return the predictions of a work chain, or of the whole profile, in the order of their MSD, largest first.

    Copies of one prediction, as AiiDA's cache makes them when a run is repeated, are counted once (the newest).

    Raises:
        PredictionError: there are none.
    """
    query = _query(process)
    query.order_by({"prediction": [{"ctime": "desc"}, {"id": "desc"}]})
    rows: dict[tuple, dict[str, Any]] = {}
    for row in _rows(query):
        rows.setdefault(tuple(row[name] for name in SAME), row)
    if not rows:
        where = f"{process.process_label}<{process.pk}>" if process else "this profile"
        raise PredictionError(f"{where} has no predictions: `aiida-hezsp launch screen` or `discover` make them")
    ordered = sorted(rows.values(), key=lambda row: (-row["msd"], row["label"]))
    return [RankedPrediction(rank=rank, **row) for rank, row in enumerate(ordered, start=1)]


def read_rows(pks: Sequence[int]) -> list[dict[str, Any]]:
    """Return what `RankedPrediction` needs beside the rank, of predictions in the order of their pks."""
    found: dict[int, dict[str, Any]] = {}
    for chunk in chunks(pks):
        query = orm.QueryBuilder().append(orm.Dict, filters={"id": {"in": chunk}}, tag="prediction")
        found |= {row["pk"]: row for row in _rows(query)}
    return [found[pk] for pk in pks]


def _rows(query: orm.QueryBuilder) -> Iterator[dict[str, Any]]:
    """Yield the attributes of the predictions of a query, with pk and uuid."""
    query.add_projection("prediction", ["id", "uuid", *(f"attributes.{name}" for name in _ATTRIBUTES)])
    for pk, uuid, *values in query.iterall():
        row = {"pk": pk, "uuid": uuid, **dict(zip(_ATTRIBUTES, values, strict=True))}
        yield row | {name: tuple(row[name] or ()) for name in _LISTS}


def rounded(value: float) -> str:
    """Return one decimal, or three digits of small numbers."""
    return f"{value:.1f}" if abs(value) >= _SMALL else f"{value:.3g}"


def _known_formulas() -> list[str]:
    query = _query()
    query.add_projection("prediction", "attributes.formula")
    return sorted(set(query.all(flat=True)))


def _unknown(text: str, known: list[str]) -> PredictionError:
    """Return the error for a composition without prediction."""
    formula = formula_of_label(text)
    is_formula = re.fullmatch(f"(?:{_AMOUNT.pattern}){{2,}}", formula) is not None
    advice = f"; `aiida-hezsp predict {formula}` computes it" if is_formula else ""
    if not known:
        return PredictionError(f"no prediction of {text!r}: this profile holds no predictions at all{advice}")
    near = nearest_formulas(text, known) if is_formula else difflib.get_close_matches(formula, known, n=3, cutoff=0.6)
    hint = f"near it are {', '.join(near)}" if near else _LIST
    return PredictionError(f"no prediction of {text!r} among {len(known)} predicted compositions; {hint}{advice}")


def _as_label(text: str) -> str:
    return text.replace(".", "p")


def _amounts(formula: str) -> dict[str, float]:
    """Return the amounts of the elements in a formula without brackets."""
    return {element: round(float(amount or 1), 6) for element, amount in _AMOUNT.findall(formula)}


def _load_node(text: str) -> orm.Node:
    try:
        return find_node(text)
    except NotExistent as error:
        raise PredictionError(f"no node has the identifier {text}; {_LIST}") from error
    except MultipleObjectsError as error:
        raise PredictionError(f"several nodes have a UUID that begins with {text}: give more of it") from error


def _query(
    process: orm.ProcessNode | None = None, composition: str | None = None, msd_above: float | None = None
) -> orm.QueryBuilder:
    """Return a query with the tag `prediction`, without projection."""
    query = orm.QueryBuilder()
    query.append(orm.CalcFunctionNode, filters={"process_type": PREDICT_PROCESS_TYPE}, tag="predict")
    filters: dict[str, Any] = {}
    if composition is not None:
        filters["attributes.label"] = _as_label(composition)
    if msd_above is not None:
        filters["attributes.msd"] = {">": float(msd_above)}  # an int would be compared as one on SQLite
    query.append(orm.Dict, with_incoming="predict", filters=filters, tag="prediction")
    if process is not None:
        edge = {"type": "return", "label": {"like": "predictions__%"}}
        query.append(
            orm.WorkflowNode, filters={"id": process.pk}, with_outgoing="prediction", edge_filters=edge, tag="process"
        )
    return query
