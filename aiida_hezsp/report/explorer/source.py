"""What the explorer shows, read from the graph."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiida import orm

from aiida_hezsp import __version__
from aiida_hezsp.errors import PredictionError
from aiida_hezsp.provenance.chunks import chunks
from aiida_hezsp.provenance.distribution import REGIONS, distribution_of
from aiida_hezsp.provenance.predictions import RankedPrediction, rank_predictions
from aiida_hezsp.report.explorer.links import Links, read_links
from aiida_hezsp.report.explorer.packing import shortened
from aiida_hezsp.report.explorer.structures import PlainStructure, read_structures
from aiida_hezsp.report.explorer.traces import Traces, gather_traces

__all__ = ("SCHEMA", "ExplorerContent", "gather_explorer", "uuids_of_group")

SCHEMA = "aiida-hezsp.explorer/1"
_NUMBERS = ("x_li", "s_config", "msd", "msd_low", "msd_high", "coverage", "volume")
_TEXTS = ("uuid", "formula", "family", "type")


@dataclass(frozen=True)
class ExplorerContent:
    """The table and traces as JSON-able data, and the structures of its rows (None if they are left out)."""

    table: dict[str, Any]
    structures: list[PlainStructure] | None


def gather_explorer(
    process: orm.ProcessNode | None = None,
    *,
    uuids: Iterable[str] | None = None,
    limit: int | None = None,
    title: str | None = None,
    structures: bool = True,
) -> ExplorerContent:
    """Return what the explorer shows of the predictions of a work chain, or of the whole profile.

    Args:
        process: the work chain that returned the predictions.
        uuids: keep only these predictions.
        limit: keep at most so many, those with the largest MSD.
        title: title of the page.
        structures: whether to read the relaxed structures.

    Raises:
        PredictionError: nothing is left.
    """
    wanted = None if uuids is None else set(uuids)
    ranked = [row for row in rank_predictions(process) if wanted is None or row.uuid in wanted][:limit]
    if not ranked:
        raise PredictionError("no prediction is left to explore; `aiida-hezsp rank` lists them all")
    links = read_links(row.pk for row in ranked)
    table = _table(ranked, links, gather_traces(links))
    table["title"] = title or (process.label if process is not None else "") or "Predicted solid electrolytes"
    if not structures:
        return ExplorerContent(table, None)
    found = read_structures([link.structure for link in links.values()])
    return ExplorerContent(table, [found[links[row.pk].structure] for row in ranked])


def uuids_of_group(label: str) -> set[str]:
    """Return the UUIDs of the data in an AiiDA group.

    Raises:
        PredictionError: there is no such group.
    """
    query = orm.QueryBuilder().append(orm.Group, filters={"label": label}, tag="group")
    if not query.count():
        raise PredictionError(f"there is no group {label!r}; `verdi group list` names them")
    return set(query.append(orm.Dict, with_group="group", project="uuid").all(flat=True))


def _table(ranked: Sequence[RankedPrediction], links: dict[int, Links], traces: Traces) -> dict[str, Any]:
    """Return the rows as columns, which deflate better, and what several rows share once."""
    more = _read(row.pk for row in ranked)
    models = list(dict.fromkeys(links[row.pk].model for row in ranked))
    engines = list(dict.fromkeys(row.label_engines for row in ranked))
    columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in ranked] for name in _TEXTS}
    columns |= {name: [shortened(getattr(row, name)) for row in ranked] for name in _NUMBERS}
    columns |= {
        "n_elements": [more[row.pk][0] for row in ranked],
        "shap_base": [shortened(more[row.pk][2]) for row in ranked],
        "outside": [list(row.outside_domain) for row in ranked],
        "model": [models.index(links[row.pk].model) for row in ranked],
        "engines": [engines.index(row.label_engines) for row in ranked],
        "trace": [traces.of[row.pk] for row in ranked],
        "structure": _uuids([links[row.pk].structure for row in ranked]),
    }
    own = {stage: [traces.own[row.pk][stage] for row in ranked] for stage in traces.own[ranked[0].pk]}
    return {
        "schema": SCHEMA,
        "version": __version__,
        "created": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "regions": {name: low for name, (low, _) in REGIONS.items()},
        "columns": columns,
        "features": _by_name([row.features for row in ranked]),
        "shap": _by_name([more[row.pk][1] or {} for row in ranked]),
        "engines": [list(names) for names in engines],
        "models": [_model(pk) for pk in models],
        "own": own | {"structure": columns.pop("structure")},
        "traces": traces.shared,
    }


def _read(pks: Iterable[int]) -> dict[int, tuple[int | None, dict[str, float] | None, float | None]]:
    """Return number of elements, SHAP values and their base by pk."""
    found = {}
    project = ["id", *(f"attributes.{name}" for name in ("n_elements", "shap", "shap_base"))]
    for chunk in chunks(pks):
        query = orm.QueryBuilder()
        query.append(orm.Dict, filters={"id": {"in": chunk}}, project=project)
        found.update((pk, (number, shap, base)) for pk, number, shap, base in query.iterall())
    return found


def _by_name(rows: Sequence[dict[str, float]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [shortened(row.get(name)) for row in rows] for name in names}


def _model(pk: int) -> dict[str, Any]:
    """Return what the page tells about an SF-MSD model: features with units, errors by split, all it predicted."""
    node = orm.load_node(pk)
    summary = node.base.attributes.get("summary", {})
    errors = summary.get("metrics", {})
    return {
        "uuid": node.uuid,
        "kind": node.base.attributes.get("kind", "unknown"),
        "columns": summary.get("columns", []),
        "distribution": [shortened(value) for value in distribution_of(node).values],
        "errors": {
            split: {name: shortened(values.get(name)) for name in ("rmse", "n")} for split, values in errors.items()
        },
    }


def _uuids(pks: Sequence[int]) -> list[str]:
    found: dict[int, str] = {}
    for chunk in chunks(pks):
        query = orm.QueryBuilder()
        found |= dict(query.append(orm.Data, filters={"id": {"in": chunk}}, project=["id", "uuid"]).all())
    return [found[pk] for pk in pks]
