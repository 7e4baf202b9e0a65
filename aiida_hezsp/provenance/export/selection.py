"""What goes into an archive: predictions, their ancestors, and the steps of a campaign."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from aiida import orm
from aiida.common import LinkType
from aiida.orm.utils.links import LinkQuadruple
from aiida.tools.graph.graph_traversers import traverse_graph

from aiida_hezsp.errors import ArchiveError
from aiida_hezsp.provenance.chunks import chunks
from aiida_hezsp.provenance.predictions import PREDICT_PROCESS_TYPE, require_prediction

__all__ = ("ArchivedGroup", "Published", "Selection", "select")

_NAMESPACE = uuid5(NAMESPACE_URL, "https://github.com/aiida-hezsp/aiida-hezsp#groups")
_ARRAYS = ("data.core.array.ArrayData.", "data.core.array.trajectory.TrajectoryData.")


@dataclass(frozen=True)
class Published:
    """One prediction with the calculation that made it and the structure it belongs to; pks and UUIDs."""

    pk: int
    uuid: str
    process_uuid: str
    structure_pk: int
    structure_uuid: str


@dataclass(frozen=True)
class ArchivedGroup:
    """A group that exists in the archive only: the profile is not changed by an export."""

    label: str
    uuid: str
    description: str
    pks: tuple[int, ...]


@dataclass(frozen=True)
class Selection:
    """Nodes and links of an archive.

    `left_out` are the trajectories that `--no-trajectories` leaves behind: pks; `superseded` the processes of other
    predictions of a structure than the one that is published of it: UUIDs.
    """

    predictions: tuple[Published, ...]
    nodes: frozenset[int]
    links: tuple[LinkQuadruple, ...]
    groups: tuple[ArchivedGroup, ...]
    left_out: frozenset[int]
    superseded: tuple[str, ...]
    starting_uuids: tuple[str, ...]


def select(
    predictions: Sequence[orm.Dict] | Sequence[int],
    process: orm.ProcessNode | None = None,
    *,
    trajectories: bool = True,
) -> Selection:
    """Return what an archive of predictions holds.

    Args:
        predictions: nodes or pks.
        process: the work chain that made them, if its steps are to go along as well.
        trajectories: whether trajectories go along that no calculation in the archive has used. Those that one has
            used (to choose transition images, to make a dataset) always do: a result without its input would be a lie.

    Raises:
        ArchiveError: there is nothing to export, or a prediction has no structure.
        PredictionError: a node is not a prediction.
    """
    pks = [node.pk if isinstance(node, orm.Node) else int(node) for node in predictions]
    if not pks:
        raise ArchiveError("there is nothing to export: name at least one prediction")
    published = _published(pks)
    if missing := sorted(set(pks) - {item.pk for item in published}):
        require_prediction(orm.load_node(missing[0]))
        raise ArchiveError(f"prediction {missing[0]} is not linked to a structure: it cannot be exported")
    start = {*pks, *([process.pk] if process is not None else [])}
    found = traverse_graph(
        start,
        get_links=True,
        links_backward=(LinkType.CREATE, LinkType.INPUT_CALC, LinkType.INPUT_WORK),
        links_forward=(LinkType.CREATE, LinkType.RETURN, LinkType.CALL_CALC, LinkType.CALL_WORK),
    )
    nodes, links = found["nodes"], found["links"] or set()
    left_out = frozenset() if trajectories else _unused_trajectories(nodes, links)
    return Selection(
        predictions=tuple(published),
        nodes=frozenset(nodes - left_out),
        links=tuple(link for link in links if link.source_id not in left_out and link.target_id not in left_out),
        groups=_groups(published),
        left_out=left_out,
        superseded=_superseded(published, nodes),
        starting_uuids=tuple(
            sorted({item.uuid for item in published} | ({process.uuid} if process is not None else set()))
        ),
    )


def _published(pks: Sequence[int]) -> list[Published]:
    """Return the predictions among nodes, with their structures, oldest first."""
    found = []
    for chunk in chunks(pks):
        query = orm.QueryBuilder()
        query.append(orm.Dict, filters={"id": {"in": chunk}}, project=["id", "uuid"], tag="node")
        query.append(
            orm.CalcFunctionNode,
            with_outgoing="node",
            filters={"process_type": PREDICT_PROCESS_TYPE},
            project="uuid",
            tag="predict",
        )
        edge = {"label": "structure"}
        query.append(orm.StructureData, with_outgoing="predict", edge_filters=edge, project=["id", "uuid"])
        found += [Published(*row) for row in query.iterall()]
    return sorted(found, key=lambda item: item.pk)


def _superseded(published: Iterable[Published], nodes: Iterable[int]) -> tuple[str, ...]:
    """Return the processes among nodes that predicted a published structure, but not what is published of it.

    Published is the newest prediction that was asked for; others are older ones, and copies made by AiiDA's cache.
    """
    newest = {item.structure_pk: item.process_uuid for item in published}
    found: list[str] = []
    for chunk in chunks(nodes):
        query = orm.QueryBuilder()
        filters = {"id": {"in": chunk}, "process_type": PREDICT_PROCESS_TYPE}
        query.append(orm.CalcFunctionNode, filters=filters, project="uuid", tag="predict")
        query.append(orm.StructureData, with_outgoing="predict", edge_filters={"label": "structure"}, project="id")
        found += [uuid for uuid, structure in query.iterall() if newest.get(structure, uuid) != uuid]
    return tuple(sorted(found))


def _unused_trajectories(nodes: Iterable[int], links: Iterable[LinkQuadruple]) -> frozenset[int]:
    """Return the trajectories among the nodes that no calculation among them has used."""
    used = {link.source_id for link in links if link.link_type == LinkType.INPUT_CALC.value}
    made = {
        link.target_id
        for link in links
        if link.link_type == LinkType.CREATE.value and link.link_label.startswith("trajector")
    }
    found: set[int] = set()
    for chunk in chunks((made & set(nodes)) - used):
        filters: dict[str, Any] = {"id": {"in": chunk}, "node_type": {"in": list(_ARRAYS)}}
        found |= set(orm.QueryBuilder().append(orm.Node, filters=filters, project="id").all(flat=True))
    return frozenset(found)


def _groups(published: Sequence[Published]) -> tuple[ArchivedGroup, ...]:
    """Return the groups of predictions and of structures; the same nodes give the same groups, whoever exports."""
    kinds = {
        "predictions": {item.uuid: item.pk for item in published},
        "structures": {item.structure_uuid: item.structure_pk for item in published},
    }
    groups = []
    for kind, nodes in kinds.items():
        label = f"hezsp/{kind}/{hashlib.sha256(''.join(sorted(nodes)).encode()).hexdigest()[:8]}"
        described = f"{len(nodes)} {kind} exported by aiida-hezsp"
        groups.append(ArchivedGroup(label, str(uuid5(_NAMESPACE, label)), described, tuple(nodes.values())))
    return tuple(groups)
