"""Check trees that were read from a file before their compiled code walks through them."""

from typing import Any

import numpy as np

from aiida_hezsp.errors import ModelFileError

__all__ = ("check_trees",)


def check_trees(ensemble: Any, name: str) -> None:
    """Check every tree of a fitted ensemble: it ends, and it reads nothing outside its arrays.

    scikit-learn's Cython code trusts its node arrays; a crafted file could make it loop or read foreign memory. In a
    tree as scikit-learn builds it children come after their parent and inside the array, and features exist.

    Args:
        ensemble: gradient boosting or random forest.
        name: of the file, for the message.

    Raises:
        ModelFileError: a tree is not well-formed.
    """
    from sklearn.tree import DecisionTreeRegressor

    members = np.ravel(np.asarray(getattr(ensemble, "estimators_", []), dtype=object))
    if members.size == 0:
        raise ModelFileError(f"{name} holds an ensemble without trees")
    for number, member in enumerate(members):
        tree = getattr(member, "tree_", None)
        if type(member) is not DecisionTreeRegressor or not _is_sound(tree, ensemble.n_features_in_):
            raise ModelFileError(f"{name}: tree {number} is not well-formed")


def _is_sound(tree: Any, n_features: int) -> bool:
    """Return whether a tree's nodes point forward, stay inside, and ask for features that exist."""
    from sklearn.tree._tree import Tree

    if type(tree) is not Tree:
        return False
    count = tree.node_count
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    if count < 1 or len(left) != count or tree.n_features != n_features or len(tree.value) != count:
        return False
    inner = left != -1
    nodes = np.arange(count)[inner]
    return bool(
        (inner == (right != -1)).all()
        and ((left[inner] > nodes) & (left[inner] < count)).all()
        and ((right[inner] > nodes) & (right[inner] < count)).all()
        and ((feature[inner] >= 0) & (feature[inner] < n_features)).all()
        and np.isfinite(tree.value).all()
    )
