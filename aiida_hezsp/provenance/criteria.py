"""What a search asks for, as filters of AiiDA's QueryBuilder."""

from dataclasses import dataclass, field
from typing import Any

from aiida_hezsp.errors import PredictionError
from aiida_hezsp.provenance.distribution import REGIONS

__all__ = ("Criteria", "Range")


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; None leaves an end open."""

    low: float | None = None
    high: float | None = None

    def to_filter(self) -> dict[str, float]:
        """Return the filter; always of floats, because SQLite compares with an int as if both were ints."""
        ends = {">=": self.low, "<=": self.high}
        return {operator: float(value) for operator, value in ends.items() if value is not None}


@dataclass(frozen=True)
class Criteria:
    """What predictions have to fulfil, all of it; what is empty or None asks for nothing.

    Attributes:
        all_of: elements that all share the substituted site.
        any_of: elements of which one at least does.
        none_of: elements that do not.
        n_elements: number of elements on the site.
        types: types of the family, such as ``5-1``; one of them.
        formula: canonical formula or label.
        proportions: range of the site fraction of elements.
        x_li: mobile ions per formula unit.
        s_config: configurational entropy of the site, R.
        msd: predicted MSD, A^2.
        regions: low, medium, high; one of them.
        family: name of the family.
        kind: kind of SF-MSD model, e.g. ``GB``.
        model: pk of the SF-MSD model.
    """

    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    n_elements: Range | None = None
    types: tuple[str, ...] = ()
    formula: str | None = None
    proportions: dict[str, Range] = field(default_factory=dict)
    x_li: Range | None = None
    s_config: Range | None = None
    msd: Range | None = None
    regions: tuple[str, ...] = ()
    family: str | None = None
    kind: str | None = None
    model: int | None = None

    def __post_init__(self) -> None:
        for element in (*self.all_of, *self.any_of, *self.none_of, *self.proportions):
            _check_element(element)
        if unknown := [name for name in self.regions if name not in REGIONS]:
            raise PredictionError(f"region {unknown[0]!r} does not exist; regions are {', '.join(REGIONS)}")

    def to_filters(self) -> list[dict[str, Any]]:
        """Return filters of the attributes of predictions, all to be fulfilled."""
        filters: list[dict[str, Any]] = [{"attributes.elements": {"contains": [element]}} for element in self.all_of]
        filters += [{"attributes.elements": {"!contains": [element]}} for element in self.none_of]
        if self.any_of:
            filters.append({"or": [{"attributes.elements": {"contains": [element]}} for element in self.any_of]})
        for name in ("n_elements", "x_li", "s_config", "msd"):
            wanted: Range | None = getattr(self, name)
            filters += [] if wanted is None else [{f"attributes.{name}": wanted.to_filter()}]
        for element, wanted in self.proportions.items():
            filters.append({f"attributes.site_fractions.{element}": wanted.to_filter()})
        if self.regions:
            filters.append({"or": [{"attributes.msd": _within(name)} for name in self.regions]})
        if self.types:
            filters.append({"attributes.type": {"in": list(self.types)}})
        for name, value in (("family", self.family), ("model_kind", self.kind)):
            filters += [] if value is None else [{f"attributes.{name}": value}]
        if self.formula is not None:
            filters.append({"attributes.label": self.formula.replace(".", "p")})
        return [entry for entry in filters if all(value != {} for value in entry.values())]


def _within(region: str) -> dict[str, float]:
    """Return the filter of a region; both ends of the medium one belong to it."""
    low, high = REGIONS[region]
    return {"low": {"<": high}, "medium": {">=": low, "<=": high}, "high": {">": low}}[region]


def _check_element(symbol: str) -> None:
    from aiida.common.constants import elements

    symbols = {entry["symbol"] for entry in elements.values()}
    if symbol not in symbols:
        right = f"; did you mean {symbol.capitalize()}?" if symbol.capitalize() in symbols else ""
        raise PredictionError(f"{symbol!r} is no element{right}")
