"""Names of structural features: which there are in a family, without what it takes to measure them."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from aiida_hezsp.families.family import Family

__all__ = (
    "BOND",
    "CELL_FEATURES",
    "CSM",
    "DOPANT_BOND",
    "bond_elements",
    "dopants_needed",
    "ligand_of",
    "problem_with_feature",
)

CELL_FEATURES: Final = ("x_li", "s_config", "volume", "a", "b", "c", "alpha", "beta", "gamma")
"""Features that every family has: of the composition and of the cell."""

CSM: Final = re.compile(r"csm_(\w+)_(mean|std)")
DOPANT_BOND: Final = re.compile(r"bond_dopant_([1-9]\d*)")
BOND: Final = re.compile(r"bond_(\w+)")


def problem_with_feature(family: "Family", name: str) -> str | None:
    """Return why a feature cannot be measured in a family, or None."""
    if name in CELL_FEATURES:
        return None
    if match := CSM.fullmatch(name):
        known = match[1] in {key.lower() for key in family.polyhedra}
        return None if known else f"feature {name!r} names no polyhedron of the family"
    if not (match := BOND.fullmatch(name)):
        return f"unknown feature {name!r}"
    if not DOPANT_BOND.fullmatch(name) and match[1] not in bond_elements(family):
        return f"feature {name!r} names no element of the host"
    if ligand_of(family) is None:
        return f"feature {name!r} needs a polyhedron around the substituted site, for its ligand"
    return None


def dopants_needed(names: Iterable[str]) -> int | None:
    """Return the number of dopants that features are for, or None where they do not depend on it."""
    numbers = [int(match[1]) for name in names if (match := DOPANT_BOND.fullmatch(name))]
    return max(numbers, default=None)


def bond_elements(family: "Family") -> dict[str, str]:
    """Return the elements that every composition may have, by their names in features."""
    present = (family.mobile.element, family.substituted.element, *family.fixed)
    return {symbol.lower(): symbol for symbol in present}


def ligand_of(family: "Family") -> str | None:
    """Return the ligand of the substituted site's polyhedron, or None where there is no such polyhedron."""
    return next((rule.ligand for rule in family.polyhedra.values() if rule.centre == "substituted"), None)
