"""Click types and options of a search."""

import re
from collections.abc import Callable, Iterable
from functools import reduce
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from aiida_hezsp.provenance.criteria import Criteria

__all__ = ("ELEMENTS", "RANGE", "criteria_from", "criteria_options")

_NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"(?P<low>{_NUMBER})?\.\.(?P<high>{_NUMBER})?|(?P<only>{_NUMBER})")
_TOLERANCE = 1e-6  # of a single number: what is stored is a float


class RangeType(click.ParamType):
    """A range of numbers, ``LOW..HIGH`` with either end left out, or one number; becomes a pair (low, high)."""

    name = "range"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return (low, high), None for an open end."""
        del ctx
        if isinstance(value, tuple):
            return value
        match = _RANGE.fullmatch(value.strip())
        if match is None or value.strip() == "..":
            self.fail(
                f"{value!r} is no range: give LOW..HIGH, LOW.., ..HIGH or one number, e.g. 2.5..3 or 120..", param
            )
        if match["only"] is not None:
            only = float(match["only"])
            return only - _TOLERANCE, only + _TOLERANCE
        low, high = (None if match[end] is None else float(match[end]) for end in ("low", "high"))
        if low is not None and high is not None and low > high:
            self.fail(f"{value!r} is empty: {low:g} is larger than {high:g}", param)
        return low, high


class ElementsType(click.ParamType):
    """Symbols of elements separated by commas; becomes a tuple."""

    name = "elements"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the symbols."""
        del ctx
        if isinstance(value, tuple):
            return value
        symbols = tuple(part.strip() for part in value.split(","))
        if not all(re.fullmatch("[A-Za-z]{1,2}", symbol) for symbol in symbols):
            self.fail(f"{value!r} is no list of elements such as Hf,Sn", param)
        return symbols


class ProportionType(click.ParamType):
    """An element and the range of its site fraction, ``Zr=0.2..0.3``; becomes (symbol, (low, high))."""

    name = "proportion"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return symbol and range."""
        if isinstance(value, tuple):
            return value
        symbol, separator, text = value.partition("=")
        if not separator or not re.fullmatch("[A-Za-z]{1,2}", symbol.strip()):
            self.fail(f"{value!r} is no proportion such as Zr=0.25 or Hf=0.1..0.3", param)
        return symbol.strip(), RANGE.convert(text, param, ctx)


RANGE, ELEMENTS, PROPORTION = RangeType(), ElementsType(), ProportionType()


def criteria_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what is searched for."""
    several = {"multiple": True}
    options = (
        click.option("--all-of", type=ELEMENTS, metavar="Hf,Sn", help="Elements that all share the substituted site."),
        click.option("--any-of", type=ELEMENTS, metavar="Nb,Ta", help="Elements of which at least one does."),
        click.option("--none-of", type=ELEMENTS, metavar="Ni,Co", help="Elements of which none does."),
        click.option("--n-elements", type=RANGE, metavar="5..8", help="Number of elements on the site."),
        click.option("--type", "types", metavar="5-1", help="Type of the family's table; may be repeated.", **several),
        click.option("--formula", help="Formula (elements in any order) or label."),
        click.option(
            "--proportion",
            "proportions",
            type=PROPORTION,
            metavar="Zr=0.2..0.3",
            help="Fraction of an element on the site, 0 to 1; may be repeated.",
            **several,
        ),
        click.option("--x-li", type=RANGE, metavar="2.5..3", help="Mobile ions per formula unit."),
        click.option("--s-config", type=RANGE, metavar="1.5..", help="Configurational entropy of the site, R."),
        click.option("--msd", type=RANGE, metavar="120..", help="Predicted MSD, A^2."),
        click.option(
            "--region",
            "regions",
            type=click.Choice(["high", "medium", "low"]),
            help="MSD above 120 A^2, 40 to 120, below 40 (of 100 ps); may be repeated.",
            **several,
        ),
        click.option("--family", help="Name of the family."),
        click.option("--model", help="SF-MSD model: kind (GB), pk, UUID or label of the node."),
    )
    return reduce(lambda wrapped, option: option(wrapped), reversed(options), function)


def criteria_from(options: dict[str, Any]) -> "Criteria":
    """Return the criteria for the values of `criteria_options`; the profile must be loaded.

    Raises:
        PredictionError: an element does not exist, or there is no such model or composition.
    """
    from aiida_hezsp.provenance.criteria import Criteria, Range

    ranges = {name: _range(Range, options[name]) for name in ("n_elements", "x_li", "s_config", "msd")}
    return Criteria(
        all_of=_elements(options["all_of"]),
        any_of=_elements(options["any_of"]),
        none_of=_elements(options["none_of"]),
        types=options["types"],
        formula=_canonical(options["formula"]),
        proportions={symbol: Range(*ends) for symbol, ends in options["proportions"]},
        regions=options["regions"],
        family=options["family"],
        **ranges,
        **_model(options["model"]),
    )


def _range(make: Any, ends: tuple[float | None, float | None] | None) -> Any:
    return None if ends is None else make(*ends)


def _elements(symbols: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(symbols or ())


def _canonical(formula: str | None) -> str | None:
    """Return the formula as predictions spell it."""
    if formula is None:
        return None
    from aiida_hezsp.provenance.predictions import matching_predictions

    label: str = matching_predictions(formula)[0]["label"]
    return label


def _model(identifier: str | None) -> dict[str, Any]:
    """Return the criterion for a model: its kind, or one node."""
    if identifier is None:
        return {}
    from aiida_hezsp.sfmsd.models import KINDS

    if identifier in KINDS:
        return {"kind": identifier}
    from aiida_hezsp.provenance.models import find_model

    return {"model": find_model(identifier).pk}
