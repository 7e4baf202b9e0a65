"""Store thousands of nodes and links in a few statements, as AiiDA's archive import does."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from aiida import orm
from aiida.manage import get_manager
from aiida.orm.entities import EntityTypes

_CHUNK = 500
_NODE_TYPES = {
    "Dict": "data.core.dict.Dict.",
    "FolderData": "data.core.folder.FolderData.",
    "Int": "data.core.int.Int.",
    "List": "data.core.list.List.",
    "RemoteData": "data.core.remote.RemoteData.",
    "Str": "data.core.str.Str.",
    "StructureData": "data.core.structure.StructureData.",
    "calcfunction": "process.calculation.calcfunction.CalcFunctionNode.",
    "calcjob": "process.calculation.calcjob.CalcJobNode.",
    "workchain": "process.workflow.workchain.WorkChainNode.",
}


@dataclass
class Bulk:
    """Rows of nodes and links that wait for `flush`; a node is known by its UUID, and stored nodes may be linked."""

    nodes: list = field(default_factory=list)
    links: list = field(default_factory=list)
    start: datetime = field(default_factory=lambda: datetime.now(UTC))
    user: int = field(default_factory=lambda: orm.User.collection.get_default().pk)

    def data(self, kind, attributes, label="", computer=None):
        """Add a data node; return its UUID."""
        return self._add(_NODE_TYPES[kind], None, label, attributes, computer)

    def process(self, kind, process_type, inputs, outputs, *, label="", computer=None, caller=None):
        """Add a finished process with its inputs and outputs by link label (UUIDs or stored nodes)."""
        attributes = {
            "process_label": process_type.rpartition(":")[2],
            "process_state": "finished",
            "exit_status": 0,
            "sealed": True,
        }
        if kind == "calcjob":
            attributes["resources"] = {"num_machines": 1}
        uuid = self._add(_NODE_TYPES[kind], process_type, label, attributes, computer)
        into, out = ("input_work", "return") if kind == "workchain" else ("input_calc", "create")
        for name, node in inputs.items():
            self.link(node, uuid, name, into)
        for name, node in outputs.items():
            self.link(uuid, node, name, out)
        if caller is not None:
            self.link(caller, uuid, "CALL", "call_calc")
        return uuid

    def link(self, source, target, label, link_type):
        self.links.append((source, target, label, link_type))

    def flush(self):
        """Store all that waits in one transaction."""
        backend = get_manager().get_profile_storage()
        with backend.transaction():
            pks = self._insert(backend, EntityTypes.NODE, self.nodes)
            ids = {row["uuid"]: pk for row, pk in zip(self.nodes, pks, strict=True)}
            rows = [
                {"input_id": self._id(ids, source), "output_id": self._id(ids, target), "label": name, "type": kind}
                for source, target, name, kind in self.links
            ]
            self._insert(backend, EntityTypes.LINK, rows)
        self.nodes, self.links = [], []

    def _add(self, node_type, process_type, label, attributes, computer):
        uuid = str(uuid4())
        time = self.start + timedelta(microseconds=len(self.nodes))
        row = {
            "uuid": uuid,
            "node_type": node_type,
            "process_type": process_type,
            "label": label,
            "description": "",
            "ctime": time,
            "mtime": time,
            "attributes": attributes,
            "extras": {},
            "repository_metadata": {},
            "dbcomputer_id": None if computer is None else computer.pk,
            "user_id": self.user,
        }
        self.nodes.append(row)
        return uuid

    @staticmethod
    def _insert(backend, kind, rows):
        """Insert in chunks: the time of one insertion grows with the square of its rows."""
        pks = []
        for start in range(0, len(rows), _CHUNK):
            pks += backend.bulk_insert(kind, rows[start : start + _CHUNK], allow_defaults=True)
        return pks

    @staticmethod
    def _id(ids, node):
        if isinstance(node, orm.Node):
            return node.pk
        return ids[node] if node in ids else orm.load_node(uuid=node).pk
