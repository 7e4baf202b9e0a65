"""Search predictions: the database filters, and only the rows that are shown are read in full."""

from dataclasses import dataclass
from typing import Any

from aiida import orm

from aiida_hezsp.errors import PredictionError
from aiida_hezsp.provenance.criteria import Criteria
from aiida_hezsp.provenance.predictions import PREDICT_PROCESS_TYPE, SAME, RankedPrediction, read_rows
from aiida_hezsp.provenance.sort_keys import SORT_KEYS

__all__ = ("SearchResult", "search")


@dataclass(frozen=True)
class SearchResult:
    """Rows in the order asked for, `rank` being their place; `total` counts those beyond the limit as well."""

    total: int
    rows: tuple[RankedPrediction, ...]


def search(
    criteria: Criteria | None = None, *, sort: str = "msd", ascending: bool = False, limit: int | None = None
) -> SearchResult:
    """Return the predictions that fulfil all criteria; copies by the cache count once (the newest).

    Args:
        criteria: what is asked for; everything if not given.
        sort: one of `SORT_KEYS`; ties are in the order of the labels.
        ascending: smallest first.
        limit: read at most so many rows.

    Raises:
        PredictionError: the key does not exist.
    """
    if sort not in SORT_KEYS:
        raise PredictionError(f"cannot sort by {sort!r}; known are {', '.join(SORT_KEYS)}")
    found: dict[tuple, tuple[Any, str, int]] = {}
    names = list(dict.fromkeys((*SAME, sort)))
    query = _query(criteria or Criteria())
    query.add_projection("prediction", ["id", *(f"attributes.{name}" for name in names)])
    for pk, *values in query.iterall():
        row = dict(zip(names, values, strict=True))
        identity = tuple(row[name] for name in SAME)
        if identity not in found or pk > found[identity][2]:
            found[identity] = (row[sort], row["label"], pk)
    known = sorted((entry for entry in found.values() if entry[0] is not None), key=lambda entry: entry[1:])
    known.sort(key=lambda entry: entry[0], reverse=not ascending)
    ordered = [pk for _, _, pk in known] + [pk for key, _, pk in found.values() if key is None]
    rows = read_rows(ordered[:limit])
    return SearchResult(len(ordered), tuple(RankedPrediction(rank=k, **row) for k, row in enumerate(rows, start=1)))


def _query(criteria: Criteria) -> orm.QueryBuilder:
    query = orm.QueryBuilder()
    query.append(orm.CalcFunctionNode, filters={"process_type": PREDICT_PROCESS_TYPE}, tag="predict")
    if criteria.model is not None:
        edge = {"label": "model"}
        query.append(orm.Data, filters={"id": criteria.model}, with_outgoing="predict", edge_filters=edge, tag="model")
    filters = criteria.to_filters()
    query.append(orm.Dict, with_incoming="predict", filters={"and": filters} if filters else {}, tag="prediction")
    return query
