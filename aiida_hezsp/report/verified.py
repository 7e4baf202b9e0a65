"""What was checked after a prediction: regions by MD, Arrhenius laws, robustness; asked of the graph."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from aiida import orm

from aiida_hezsp.chemistry.labels import formula_of_label
from aiida_hezsp.provenance.chunks import chunks
from aiida_hezsp.provenance.predictions import RankedPrediction, model_of

__all__ = ("Verified", "gather_verified")

_VERIFY = "aiida.workflows:hezsp.verify"
_ROBUSTNESS = "aiida.workflows:hezsp.robustness"


@dataclass(frozen=True)
class Verified:
    """Reports as their work chains give them: the newest `regions` and `robustness` (with its formula), Arrhenius laws
    by formula.
    """  # noqa: D205 - one sentence

    regions: dict[str, Any] | None = None
    arrhenius: dict[str, dict[str, Any]] = field(default_factory=dict)
    robustness: tuple[str, dict[str, Any]] | None = None


def gather_verified(ranked: Iterable[RankedPrediction]) -> Verified:
    """Return the newest checks of predictions, and the robustness of a model that made them."""
    rows = list(ranked)
    regions: dict[str, Any] | None = None
    laws: dict[str, dict[str, Any]] = {}
    for node in _taking([row.pk for row in rows], _VERIFY):
        if regions is None and "regions" in node.outputs:
            regions = node.outputs.regions.get_dict()
        if not laws and "arrhenius" in node.outputs:
            laws = {_formula(law["label"], rows): law.get_dict() for _, law in node.outputs.arrhenius.items()}
        if regions is not None and laws:
            break
    model = model_of(orm.load_node(rows[0].pk))
    return Verified(regions, laws, next(_robustness(model.pk), None))


def _robustness(model: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield formula and report of the robustness runs of a model, newest first."""
    for node in _taking([model], _ROBUSTNESS):
        if "robustness" in node.outputs:
            yield node.inputs.settings.get_dict()["robustness"]["formula"], node.outputs.robustness.get_dict()


def _taking(pks: list[int], process_type: str) -> Iterator[orm.WorkChainNode]:
    """Yield the work chains of a type that took one of the nodes, newest first."""
    found: set[int] = set()
    for chunk in chunks(pks):
        query = orm.QueryBuilder().append(orm.Data, filters={"id": {"in": chunk}}, tag="input")
        query.append(
            orm.WorkChainNode, filters={"process_type": process_type}, with_incoming="input", project="id"
        ).distinct()
        found |= {pk for (pk,) in query.all()}
    for pk in sorted(found, reverse=True):
        yield orm.load_node(pk)


def _formula(label: str, rows: list[RankedPrediction]) -> str:
    """Return the formula behind a label; the host, which need not be predicted, is known by its label alone."""
    return next((row.formula for row in rows if row.label == label), formula_of_label(label))
