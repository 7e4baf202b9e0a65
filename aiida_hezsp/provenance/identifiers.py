"""Nodes by what users write: a pk, a UUID or its beginning, a label."""

from aiida import orm
from aiida.common.exceptions import NotExistent

__all__ = ("find_node",)

_BLOCK = 8  # digits of the first block of a UUID, which tables print
_LARGEST_PK = 2**31 - 1  # of PostgreSQL; a database asked for more raises an error of its own


def find_node(text: str) -> orm.Node:
    """Return the node of a pk, a UUID or the beginning of one, or a label.

    One UUID in forty begins with eight decimal digits: what is no pk is then looked for among UUIDs.

    Raises:
        NotExistent: there is no such node.
        MultipleObjectsError: several UUIDs begin so, or several nodes have the label.
        ValueError: it is nothing of the kind.
    """
    if not text.isdigit():
        return orm.load_node(text)
    if int(text) > _LARGEST_PK:
        return orm.load_node(uuid=text)
    try:
        return orm.load_node(pk=int(text))
    except NotExistent:
        if len(text) < _BLOCK:
            raise
        return orm.load_node(uuid=text)
