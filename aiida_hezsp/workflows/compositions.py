"""Choose compositions as a protocol asks for them."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiida_hezsp.chemistry import Composition, draw, parse_formula, space
from aiida_hezsp.families import Family

__all__ = ("chosen_datasets", "chosen_formulas", "chosen_labels", "dataset_name", "host_formula")


def chosen_formulas(family: Family, choices: Iterable[Mapping[str, Any]] | Mapping[str, Any]) -> list[str]:
    """Return the canonical formulas of one or several choices, each once, in a stable order.

    Args:
        family: the family.
        choices: `formulas`, or a `space` of which `n` (null: all) are drawn with `seed`; maybe a `name`.

    Raises:
        FormulaError, CompositionError: a formula does not belong to the family.
    """
    formulas: dict[str, None] = {}
    for choice in [choices] if isinstance(choices, Mapping) else choices:
        if choice["formulas"]:
            chosen = [parse_formula(family, formula) for formula in choice["formulas"]]
        else:
            chosen = space(family, choice["space"], seed=choice["seed"])
            if choice["n"] is not None:
                chosen = draw(chosen, choice["n"], choice["seed"])
        formulas |= dict.fromkeys(composition.formula for composition in chosen)
    return list(formulas)


def dataset_name(choice: Mapping[str, Any]) -> str:
    """Return the name of what a choice gives: its own, that of its space, or ``formulas``."""
    return str(choice.get("name") or choice.get("space") or "formulas")


def chosen_datasets(family: Family, choices: Iterable[Mapping[str, Any]] | Mapping[str, Any]) -> dict[str, str]:
    """Return by label from which choice a composition comes; of several the first."""
    datasets: dict[str, str] = {}
    for choice in [choices] if isinstance(choices, Mapping) else choices:
        name = dataset_name(choice)
        for label in chosen_labels(family, chosen_formulas(family, choice)):
            datasets.setdefault(label, name)
    return datasets


def chosen_labels(family: Family, formulas: Iterable[str]) -> list[str]:
    """Return the labels of formulas."""
    return [parse_formula(family, formula).label for formula in formulas]


def host_formula(family: Family) -> str:
    """Return the formula of the pristine host."""
    return Composition.of(family, {family.substituted.element: 1}).formula
