"""The ancestors of a node, read from the database in a few queries and walked in memory."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from aiida import orm
from aiida.common import LinkType
from aiida.tools.graph.graph_traversers import traverse_graph

from aiida_hezsp.provenance.chunks import chunks

__all__ = ("AncestorGraph", "NodeInfo", "kind_of_process", "read_attributes")

_PROCESS_PREFIX = "process."


@dataclass(frozen=True)
class NodeInfo:
    """What a trace needs to know of a node; `kind` is the entry point of a process, the class name of data."""

    pk: int
    uuid: str
    kind: str
    label: str
    is_process: bool
    state: str | None = None
    exit_status: int | None = None
    exit_message: str | None = None
    cached: bool = False


def kind_of_process(process_type: str | None, process_label: str | None = None) -> str:
    """Return the entry point of a process, e.g. ``hezsp.md`` or ``vasp.vasp``.

    A process that was run without an entry point has the import path of its class or function as its type.
    """
    if process_type and ":" in process_type:
        return process_type.rpartition(":")[2]
    return process_type or process_label or "unknown"


class AncestorGraph:
    """All ancestors of one node along the data provenance (what was made by what, from what)."""

    def __init__(self, pk: int) -> None:
        """Read the ancestors of node `pk`, itself included."""
        found = traverse_graph([pk], get_links=True, links_backward=(LinkType.CREATE, LinkType.INPUT_CALC))
        self.nodes: dict[int, NodeInfo] = {node.pk: node for node in _read_nodes(found["nodes"])}
        self._incoming: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for link in found["links"] or ():
            self._incoming[link.target_id].append((link.link_label, link.source_id))

    def processes(self, *kinds: str) -> list[int]:
        """Return the processes of the given kinds (all kinds if none is given)."""
        return sorted(pk for pk, node in self.nodes.items() if node.is_process and (not kinds or node.kind in kinds))

    def creator(self, pk: int) -> int | None:
        """Return the process that made a data node."""
        return next((source for _, source in self._incoming[pk]), None)

    def inputs(self, pk: int, port: str) -> dict[str, int]:
        """Return what entered a process at a port: ``{"": pk}``, or by key where the port is a namespace."""
        prefix = f"{port}__"
        return {
            "" if label == port else label.removeprefix(prefix): source
            for label, source in self._incoming[pk]
            if label == port or label.startswith(prefix)
        }

    def all_inputs(self, pk: int) -> list[int]:
        """Return everything that entered a process."""
        return [source for _, source in self._incoming[pk]]

    def outputs(self, pk: int, kind: str) -> list[int]:
        """Return what a process made of one kind of data, as far as it is an ancestor."""
        return [node.pk for node in self.nodes.values() if node.kind == kind and self.creator(node.pk) == pk]

    def entered(self, pks: Iterable[int], *ports: str) -> list[int]:
        """Return the data nodes that entered processes at some ports."""
        return sorted({node for pk in pks for port in ports for node in self.inputs(pk, port).values()})

    def makers(self, pks: Iterable[int], *ports: str) -> list[int]:
        """Return the processes that made what entered processes at some ports."""
        made = {self.creator(node) for node in self.entered(pks, *ports)}
        return sorted(pk for pk in made if pk is not None)

    def of_kind(self, pks: Iterable[int], *kinds: str) -> list[int]:
        """Return those of the given kinds."""
        return [pk for pk in pks if self.nodes[pk].kind in kinds]


def _read_nodes(pks: Iterable[int]) -> Iterator[NodeInfo]:
    """Yield what is known of nodes; attributes are read of processes only."""
    process_pks = []
    for chunk in chunks(pks):
        query = orm.QueryBuilder()
        query.append(orm.Node, filters={"id": {"in": chunk}}, project=["id", "uuid", "node_type", "label"])
        for pk, uuid, node_type, label in query.iterall():
            if node_type.startswith(_PROCESS_PREFIX):
                process_pks.append(pk)
            else:
                yield NodeInfo(pk, uuid, node_type.rstrip(".").rpartition(".")[2], label, is_process=False)
    for chunk in chunks(process_pks):
        yield from _read_processes(chunk)


def _read_processes(pks: list[int]) -> Iterator[NodeInfo]:
    attributes = [f"attributes.{name}" for name in ("process_label", "process_state", "exit_status", "exit_message")]
    project = ["id", "uuid", "process_type", "label", "extras._aiida_cached_from", *attributes]
    query = orm.QueryBuilder().append(orm.ProcessNode, filters={"id": {"in": pks}}, project=project)
    for pk, uuid, process_type, label, source, process_label, *state in query.iterall():
        kind = kind_of_process(process_type, process_label)
        yield NodeInfo(pk, uuid, kind, label, True, *state, cached=source is not None)


def read_attributes(pks: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return the attributes of data nodes."""
    found: dict[int, dict[str, Any]] = {}
    for chunk in chunks(pks):
        query = orm.QueryBuilder().append(orm.Data, filters={"id": {"in": chunk}}, project=["id", "attributes"])
        found |= dict(query.all())
    return found
