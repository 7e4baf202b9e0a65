"""The kinds of regressors, under one contract: a scikit-learn estimator and where to search its parameters."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from aiida_hezsp.errors import TableError

__all__ = ("KINDS", "Kind", "kind_of")

SEARCH_SPACES = Path(__file__).with_name("search_spaces.yaml")


@dataclass(frozen=True)
class Kind:
    """A kind of regressor.

    Attributes:
        name: short name, also that of its files.
        title: what it is.
        make: returns an unfitted estimator for a seed.
        trusted: types beyond scikit-learn's own defaults that skops may load for it.
        trees: whether its explanation is that of an ensemble of trees.
    """

    name: str
    title: str
    make: Callable[[int], Any]
    trusted: tuple[str, ...]
    trees: bool

    def estimator(self, seed: int) -> Any:
        """Return an unfitted estimator with the fixed parameters of its search space."""
        return self.make(seed).set_params(**_search_spaces()[self.name]["fixed"])

    def search_space(self) -> dict[str, Any]:
        """Return the distributions that `RandomizedSearchCV` draws from."""
        return {name: _distribution(rule) for name, rule in _search_spaces()[self.name]["search"].items()}


def _gradient_boosting(seed: int) -> Any:
    from sklearn.ensemble import GradientBoostingRegressor

    return GradientBoostingRegressor(random_state=seed)


def _random_forest(seed: int) -> Any:
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(random_state=seed, n_jobs=None)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("GB", "gradient boosting", _gradient_boosting, ("sklearn.tree._tree.Tree",), trees=True),
        Kind("RF", "random forest", _random_forest, ("sklearn.tree._tree.Tree",), trees=True),
    )
}
"""All kinds, by name."""


def kind_of(name: str) -> Kind:
    """Return the kind of a name.

    Raises:
        TableError: there is none.
    """
    if name not in KINDS:
        raise TableError(f"unknown kind of SF-MSD model {name!r}: {', '.join(KINDS)} are known")
    return KINDS[name]


@lru_cache
def _search_spaces() -> dict[str, Any]:
    """Read the search spaces."""
    spaces: dict[str, Any] = yaml.safe_load(SEARCH_SPACES.read_text(encoding="utf8"))
    return spaces


def _distribution(rule: dict[str, list[Any]]) -> Any:
    """Return the scipy distribution, or the list of choices, of one rule."""
    from scipy.stats import loguniform, randint, uniform

    ((name, values),) = rule.items()
    if name == "choice":
        return values
    low, high = values
    makers: dict[str, Callable[[], Any]] = {
        "integers": lambda: randint(low, high + 1),
        "loguniform": lambda: loguniform(low, high),
        "uniform": lambda: uniform(low, high - low),
    }
    return makers[name]()
