"""The kinds of regressors, under one contract: a scikit-learn estimator and where to search its parameters."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from aiida_hezsp.errors import TableError
from aiida_hezsp.sfmsd.sisso.candidates import SissoSearch
from aiida_hezsp.sfmsd.table import Column

__all__ = ("KINDS", "Kind", "Prepared", "Problem", "kind_of")

SEARCH_SPACES = Path(__file__).with_name("search_spaces.yaml")


@dataclass(frozen=True)
class Problem:
    """What a kind is to be trained for: seed, columns, rows of the smallest and of the whole training set, search."""

    seed: int
    columns: tuple[Column, ...]
    n_rows: int
    folds: int
    iterations: int
    sisso: SissoSearch


@dataclass(frozen=True)
class Prepared:
    """An unfitted estimator, what its parameters are drawn from, what is to be said first, and the expected time.

    Attributes:
        estimator: with its fixed parameters.
        space: distributions or lists, as `RandomizedSearchCV` takes them.
        remarks: lines.
        seconds: of the whole search on one core; None if not estimated.
    """

    estimator: Any
    space: dict[str, Any] | list[dict[str, Any]]
    remarks: tuple[str, ...] = ()
    seconds: float | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of regressor.

    Attributes:
        name: short name, also that of its files.
        title: what it is.
        make: returns an unfitted estimator for a seed.
        prepare: returns estimator and search space for a problem.
        suffix: of its files: ``.skops``, or ``.sisso`` (JSON).
        trusted: types beyond scikit-learn's own defaults that skops may load for it.
        trees: whether it is an ensemble of trees.
    """

    name: str
    title: str
    make: Callable[[int], Any]
    prepare: Callable[["Kind", Problem], Prepared]
    suffix: str = ".skops"
    trusted: tuple[str, ...] = ()
    trees: bool = False


def _gradient_boosting(seed: int) -> Any:
    from sklearn.ensemble import GradientBoostingRegressor

    return GradientBoostingRegressor(random_state=seed)


def _random_forest(seed: int) -> Any:
    from sklearn.ensemble import RandomForestRegressor

    return RandomForestRegressor(random_state=seed, n_jobs=None)


def _sisso(_: int) -> Any:
    from aiida_hezsp.sfmsd.sisso import SISSORegressor

    # Rows where an expression is undefined must not end a cross-validation.
    return SISSORegressor(undefined="mean")


def _prepare_trees(kind: Kind, problem: Problem) -> Prepared:
    """Take fixed parameters and distributions from `search_spaces.yaml`."""
    rules = _search_spaces()[kind.name]
    space = {name: _distribution(rule) for name, rule in rules["search"].items()}
    return Prepared(kind.make(problem.seed).set_params(**rules["fixed"]), space)


def _prepare_sisso(kind: Kind, problem: Problem) -> Prepared:
    """Take the candidates that are affordable for the whole table.

    Raises:
        CostError: none is.
    """
    choice = problem.sisso.choose(len(problem.columns), problem.n_rows)
    units = tuple(column.unit for column in problem.columns) if problem.sisso.check_units else None
    names = tuple(column.name for column in problem.columns)
    estimator = kind.make(problem.seed).set_params(**problem.sisso.fixed(), names=names, units=units)
    return Prepared(
        estimator,
        [{name: [value] for name, value in one.parameters.items()} for one in choice.taken],
        tuple(choice.remarks(problem.iterations, problem.folds)),
        choice.seconds(problem.iterations, problem.folds),
    )


_TREE = ("sklearn.tree._tree.Tree",)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("GB", "gradient boosting", _gradient_boosting, _prepare_trees, trusted=_TREE, trees=True),
        Kind("RF", "random forest", _random_forest, _prepare_trees, trusted=_TREE, trees=True),
        Kind("SISSO", "sure independence screening and sparsifying operator", _sisso, _prepare_sisso, suffix=".sisso"),
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
