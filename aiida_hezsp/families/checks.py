"""Cross-checks of a family: sections that contradict each other."""

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING

from aiida_hezsp.errors import FormulaError
from aiida_hezsp.families.elements import atomic_number, split_formula
from aiida_hezsp.families.feature_names import problem_with_feature

if TYPE_CHECKING:
    from aiida_hezsp.families.family import Family

__all__ = ("check_family",)


def check_family(family: "Family") -> None:
    """Check a family's sections against each other.

    Raises:
        ValueError: with one sentence that says which sections contradict each other, for pydantic to carry.
    """
    _check_elements(family)
    _check_formula(family)
    _check_charge(family)
    _check_types(family)
    _check_spaces(family)
    _check_polyhedra(family)
    _check_feature_sets(family)
    _check_structures(family)


def _check_elements(family: "Family") -> None:
    roles = [family.mobile.element, family.substituted.element, *family.fixed, *family.dopants]
    for element in roles:
        if atomic_number(element) is None:
            message = f"unknown element {element!r}"
            raise ValueError(message)
    twice = [element for element, times in Counter(roles).items() if times > 1]
    if twice:
        message = f"{twice[0]} has two of the roles mobile, substituted, fixed, dopant; an element may have one"
        raise ValueError(message)
    for element, charge in family.dopants.items():
        if charge < 1:
            message = f"dopant {element} has charge {charge}; a dopant is a cation"
            raise ValueError(message)


def _check_formula(family: "Family") -> None:
    try:
        written = {element: Fraction(text or 1) for element, text in split_formula(family.formula).items()}
    except FormulaError as error:
        raise ValueError(str(error)) from None
    expected = {
        family.mobile.element: family.host_mobile,
        family.substituted.element: Fraction(family.substituted.sites_per_formula),
        **{element: Fraction(species.count) for element, species in family.fixed.items()},
    }
    for element in {**written, **expected}:
        have, want = written.get(element, 0), expected.get(element, 0)
        if have != want and element != family.mobile.element:
            message = f"formula {family.formula} has {float(have):g} {element}, the sections add up to {float(want):g}"
            raise ValueError(message)
    mobile = written.get(family.mobile.element, Fraction(0))
    if mobile != family.host_mobile:
        message = (
            f"charges contradict the formula {family.formula}: they balance with {float(family.host_mobile):g} "
            f"{family.mobile.element}, not {float(mobile):g}"
        )
        raise ValueError(message)


def _check_charge(family: "Family") -> None:
    low, high = family.mobile_range
    if not low < family.host_mobile <= high:
        message = (
            f"the host has {float(family.host_mobile):g} {family.mobile.element} per formula unit, but there are "
            f"sites for {float(low):g} to {float(high):g}"
        )
        raise ValueError(message)
    if family.cell_formula_units("supercell") == 0:
        message = "the supercell matrix is singular"
        raise ValueError(message)


def _check_types(family: "Family") -> None:
    sites = family.substituted_sites("supercell")
    for label, counts in family.types.items():
        if sum(counts) != sites or min(counts, default=0) < 1:
            message = (
                f"type {label}: proportions {list(counts)} must be positive and add up to the supercell's "
                f"{sites} substituted sites, not {sum(counts)}"
            )
            raise ValueError(message)
        if len(counts) - 1 > len(family.dopants):
            message = f"type {label} needs {len(counts) - 1} dopants, the family has {len(family.dopants)}"
            raise ValueError(message)


def _check_spaces(family: "Family") -> None:
    high = family.mobile_range[1]
    for name, space in family.spaces.items():
        if space.window[0] < 0 or space.window[1] > high:
            message = f"space {name}: its window leaves the range 0 to {float(high):g} of the mobile sites"
            raise ValueError(message)
        if space.kind == "type" and space.type not in family.types:
            message = f"space {name}: there is no type {space.type!r}; the types are {', '.join(family.types)}"
            raise ValueError(message)
        if space.kind == "single":
            missing = set(family.dopants.values()) - set(space.fractions)
            if missing:
                message = f"space {name}: fractions lack the dopant charge {min(missing)}"
                raise ValueError(message)


def _check_polyhedra(family: "Family") -> None:
    centres = {"mobile", "substituted", *family.fixed}
    for name, polyhedron in family.polyhedra.items():
        if polyhedron.centre not in centres:
            message = f"polyhedron {name}: centre {polyhedron.centre!r} is none of {', '.join(sorted(centres))}"
            raise ValueError(message)
        if polyhedron.ligand not in family.fixed:
            message = f"polyhedron {name}: ligand {polyhedron.ligand!r} is not an element of the framework"
            raise ValueError(message)


def _check_feature_sets(family: "Family") -> None:
    for label, names in family.feature_sets.items():
        for name in names:
            if problem := problem_with_feature(family, name):
                message = f"feature set {label}: {problem}"
                raise ValueError(message)


def _check_structures(family: "Family") -> None:
    host = family.host_mobile * family.formula_units
    for name, mobile in (("host", int(host)), ("template", family.mobile.sites_per_cell)):
        have = Counter(getattr(family.structures, name).elements)
        want = family.expected_atoms(mobile)
        if have != want:
            message = f"structures.{name} holds {_atoms(have)}, the sections ask for {_atoms(want)}"
            raise ValueError(message)


def _atoms(counts: Counter[str]) -> str:
    return " ".join(f"{element}{count}" for element, count in sorted(counts.items()))
