"""Read a formula and check it against a family."""

from collections.abc import Mapping
from fractions import Fraction

from aiida_hezsp.chemistry.amounts import amount_text, exact_amount, snap
from aiida_hezsp.chemistry.composition import Composition, balancing_content
from aiida_hezsp.errors import CompositionError, FormulaError
from aiida_hezsp.families import Family
from aiida_hezsp.families.elements import split_formula

__all__ = ("parse_formula",)

MAX_LENGTH = 400
Amounts = dict[str, Fraction]


def parse_formula(family: Family, text: str) -> Composition:
    """Read a formula unit of a family; elements may come in any order.

    Amounts are exact decimals; one within 5e-4 of a multiple of the supercell's smallest step (1/8 per formula unit
    for lzsp) is read as that multiple.

    Raises:
        FormulaError: unreadable, or with elements, a framework or site occupancies that are not the family's.
        CompositionError: the charge does not balance, or with more mobile ions than there are sites.
    """
    cleaned = "".join(text.split())
    if len(cleaned) > MAX_LENGTH:
        raise FormulaError(f"the formula has {len(cleaned)} characters, more than {MAX_LENGTH}")
    grid = Fraction(1, family.cell_formula_units("supercell"))
    amounts = {element: snap(exact_amount(number), grid) for element, number in split_formula(cleaned).items()}
    _check_elements(family, amounts, cleaned)
    _check_framework(family, amounts, cleaned)
    _check_occupancy(family, amounts, cleaned)
    sites = family.substituted.sites_per_formula
    fractions = {element: amounts[element] / sites for element in amounts if element in family.charges}
    composition = Composition.of(family, fractions)
    _check_balance(composition, amounts, cleaned)
    return composition


def _check_elements(family: Family, amounts: Amounts, text: str) -> None:
    known = {family.mobile.element, *family.charges, *family.fixed}
    strangers = [element for element in amounts if element not in known]
    if strangers:
        raise FormulaError(
            f"{text}: {', '.join(strangers)} not in family {family.name}; it knows {family.mobile.element}, "
            f"{', '.join(family.fixed)} and on the {family.substituted.element} site {', '.join(family.charges)}"
        )
    empty = [element for element, amount in amounts.items() if not amount]
    if empty:
        raise FormulaError(f"{text}: the amount of {empty[0]} is zero; leave it out")


def _check_framework(family: Family, amounts: Amounts, text: str) -> None:
    expected = {element: Fraction(species.count) for element, species in family.fixed.items()}
    found = {element: amounts.get(element, Fraction(0)) for element in expected}
    if found == expected:
        return
    ratios = {found[element] / expected[element] for element in expected}
    if len(ratios) == 1 and (ratio := ratios.pop()):
        unit = _write({element: amount / ratio for element, amount in amounts.items()})
        raise FormulaError(f"{text} is {amount_text(ratio) or 1} formula units; write one, {unit}")
    have = _write({element: amount for element, amount in found.items() if amount}) or "nothing of it"
    raise FormulaError(f"{text}: the framework of {family.name} is {_write(expected)}, the formula has {have}")


def _check_occupancy(family: Family, amounts: Amounts, text: str) -> None:
    """Check that the substituted site is full; where doubling (say) makes all right, say so."""
    sites = family.substituted.sites_per_formula
    occupancy = {element: amount for element, amount in amounts.items() if element in family.charges}
    total = sum(occupancy.values(), Fraction(0))
    if total == sites:
        return
    message = (
        f"{text}: the {family.substituted.element}-site amounts add up to {float(total):.6g} where the formula unit "
        f"has {sites} sites"
    )
    if total:
        scaled = {element: amount * sites / total for element, amount in occupancy.items()}
        fractions = {element: amount / sites for element, amount in scaled.items()}
        if balancing_content(family, fractions) == amounts.get(family.mobile.element):
            message += f"; probably {_write({**amounts, **scaled})} was meant, which is neutral"
    raise FormulaError(message)


def _check_balance(composition: Composition, amounts: Amounts, text: str) -> None:
    ion = composition.family.mobile.element
    written = amounts.get(ion, Fraction(0))
    if written != composition.x_li:
        excess = float((written - composition.x_li) * composition.family.mobile.charge)
        raise CompositionError(
            f"{text}: the charge is not balanced ({excess:+g} per formula unit); "
            f"{ion}{float(composition.x_li):g} would balance it: {composition.formula}"
        )


def _write(amounts: Mapping[str, Fraction]) -> str:
    return "".join(element + amount_text(amount) for element, amount in amounts.items())
