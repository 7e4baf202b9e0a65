"""What the nodes of an archive say about software and sizes."""

from collections.abc import Iterable
from typing import Any

from aiida import orm
from aiida.manage import get_manager

from aiida_hezsp.provenance.chunks import chunks

__all__ = ("size_of_files", "software_versions")

_READ = 1 << 20


def software_versions(nodes: Iterable[int]) -> dict[str, str]:
    """Return the versions that the jobs among nodes report, by name; several where they differ."""
    found: dict[str, set[str]] = {}
    for chunk in chunks(nodes):
        query = orm.QueryBuilder()
        query.append(orm.CalcJobNode, filters={"id": {"in": chunk}}, tag="job")
        query.append(orm.Dict, with_incoming="job", edge_filters={"label": "results"}, project="attributes.versions")
        for versions in query.all(flat=True):
            for name, version in (versions or {}).items():
                found.setdefault(name, set()).add(str(version))
    return {name: ", ".join(sorted(versions)) for name, versions in sorted(found.items())}


def size_of_files(nodes: Iterable[int]) -> int:
    """Return the size of the files of nodes in bytes, before packing; equal files count once."""
    backend = get_manager().get_profile_storage()
    keys: set[str] = set()
    for chunk in chunks(nodes):
        filters: dict[str, Any] = {"id": {"in": chunk}}
        keys |= set(orm.Node.get_collection(backend).iter_repo_keys(filters=filters))
    total = 0
    for _, stream in backend.get_repository().iter_object_streams(sorted(keys)):
        while block := stream.read(_READ):
            total += len(block)
    return total
