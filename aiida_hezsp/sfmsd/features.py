"""Structural features of relaxed structures: the inputs of the SF-MSD models (paper, sections 2.2 and 2.3)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aiida_hezsp.chemistry import Composition
from aiida_hezsp.errors import FamilyError, StructureError
from aiida_hezsp.families import Family
from aiida_hezsp.families.feature_names import (
    BOND,
    CSM,
    DOPANT_BOND,
    bond_elements,
    dopants_needed,
    ligand_of,
    problem_with_feature,
)
from aiida_hezsp.sfmsd.rdf import SIGMA
from aiida_hezsp.sfmsd.surroundings import Surroundings

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ("extract_features", "feature_definitions")

Measure = Callable[[Surroundings, Composition], float]


@dataclass(frozen=True)
class Feature:
    """One column: what it is, and how it is measured."""

    name: str
    unit: str
    definition: str
    measure: Measure


def extract_features(
    structure: "Structure", composition: Composition, family: Family, feature_set: str = "multinary"
) -> dict[str, float]:
    """Return the features of one relaxed structure, in the order of the set.

    Cell edges, angles and the volume are those of the cell as it is given: models belong to one kind of cell.

    Args:
        structure: pymatgen structure, ordered.
        composition: what it should be; its Li content and entropy are features.
        family: rules of polyhedra and feature sets.
        feature_set: a key of `family.feature_sets`.

    Raises:
        FamilyError: the set is unknown, or names a feature that is.
        StructureError: structure and composition differ, the set is for another number of dopants, or a polyhedron or
            bond cannot be measured.
    """
    features = _features(family, feature_set)
    _check_dopants(composition, feature_set, family.feature_sets[feature_set])
    surroundings = Surroundings(structure, family)
    _check_atoms(surroundings, composition)
    return {feature.name: float(feature.measure(surroundings, composition)) for feature in features}


def feature_definitions(family: Family, feature_set: str) -> list[dict[str, str]]:
    """Return name, unit and definition of every feature of a set, in order."""
    return [
        {"name": feature.name, "unit": feature.unit, "definition": feature.definition}
        for feature in _features(family, feature_set)
    ]


def _features(family: Family, feature_set: str) -> list[Feature]:
    """Return the features of a set of the family."""
    if feature_set not in family.feature_sets:
        known = ", ".join(sorted(family.feature_sets))
        raise FamilyError(f"family {family.name}: unknown feature set {feature_set!r}, known are {known}")
    return [_feature(family, name) for name in family.feature_sets[feature_set]]


def _feature(family: Family, name: str) -> Feature:
    """Return the feature of a name."""
    if problem := problem_with_feature(family, name):
        raise FamilyError(f"family {family.name}: {problem}")
    if match := CSM.fullmatch(name):
        return _csm_feature(family, name, match[1], match[2])
    if match := DOPANT_BOND.fullmatch(name):
        return _dopant_bond_feature(family, name, int(match[1]))
    if match := BOND.fullmatch(name):
        return _bond_feature(family, name, match[1])
    return _CELL[name]


def _length(edge: int) -> Measure:
    return lambda around, _: around.structure.lattice.abc[edge]


def _angle(corner: int) -> Measure:
    return lambda around, _: around.structure.lattice.angles[corner]


_CELL = {
    feature.name: feature
    for feature in (
        Feature("x_li", "1", "mobile ions per formula unit", lambda _, composition: float(composition.x_li)),
        Feature(
            "s_config",
            "R",
            "ideal configurational entropy of the substituted site, -sum f ln f",
            lambda _, composition: composition.s_config,
        ),
        Feature("volume", "A^3", "volume of the relaxed cell", lambda around, _: around.structure.volume),
        Feature("a", "A", "first edge of the relaxed cell", _length(0)),
        Feature("b", "A", "second edge of the relaxed cell", _length(1)),
        Feature("c", "A", "third edge of the relaxed cell", _length(2)),
        Feature("alpha", "deg", "angle between b and c of the relaxed cell", _angle(0)),
        Feature("beta", "deg", "angle between a and c of the relaxed cell", _angle(1)),
        Feature("gamma", "deg", "angle between a and b of the relaxed cell", _angle(2)),
    )
}


def _csm_feature(family: Family, name: str, site: str, statistic: str) -> Feature:
    """Return the mean or the standard deviation of the CSM at a kind of site."""
    key = {key.lower(): key for key in family.polyhedra}[site]
    rule = family.polyhedra[key]
    word = "mean" if statistic == "mean" else "population standard deviation"
    definition = (
        f"{word}, over the {rule.centre} sites, of the continuous symmetry measure against {rule.ideal} "
        f"of the {rule.neighbours} nearest {rule.ligand} (within {rule.cutoff:g} A)"
    )
    reduce = np.mean if statistic == "mean" else np.std
    return Feature(name, "1", definition, lambda around, _: float(reduce(around.csm(key))))


def _bond_feature(family: Family, name: str, element: str) -> Feature:
    """Return the first-peak distance of an element that every composition has."""
    symbol, ligand = bond_elements(family)[element], str(ligand_of(family))
    return Feature(name, "A", _bond_text(symbol, ligand), lambda around, _: around.bond(symbol, ligand))


def _dopant_bond_feature(family: Family, name: str, number: int) -> Feature:
    """Return the first-peak distance of the number-th dopant, by charge, then atomic number."""
    ligand = str(ligand_of(family))

    def measure(around: Surroundings, composition: Composition) -> float:
        return around.bond(_dopants(composition)[number - 1], ligand)

    text = _bond_text(f"dopant {number} (by charge, then atomic number)", ligand)
    return Feature(name, "A", text, measure)


def _dopants(composition: Composition) -> list[str]:
    """Return the dopants of a composition in the family's order."""
    return [element for element in composition.family.dopants if element in composition.site_fractions]


def _check_dopants(composition: Composition, feature_set: str, names: Iterable[str]) -> None:
    """Check that a set with bonds of dopants has one for each: it would pass over further ones in silence."""
    needed, given = dopants_needed(names), len(_dopants(composition))
    if needed not in {None, given}:
        raise StructureError(
            f"{composition.formula} has {given} dopants: the feature set {feature_set!r} is for {needed}"
        )


def _bond_text(element: str, ligand: str) -> str:
    return (
        f"{element}-{ligand} distance at the first maximum of the radial distribution function of the relaxed "
        f"structure, smeared with a Gaussian of sigma {SIGMA:g} A"
    )


def _check_atoms(around: Surroundings, composition: Composition) -> None:
    """Check that the structure has the atoms of the composition."""
    family = around.family
    symbols, counts = np.unique(around.symbols, return_counts=True)
    found = {str(symbol): int(count) for symbol, count in zip(symbols, counts, strict=True)}
    n_sites = sum(found.get(element, 0) for element in family.charges)
    units = n_sites / family.substituted.sites_per_formula
    expected = {element: float(part) * n_sites for element, part in composition.site_fractions.items()}
    expected |= {element: species.count * units for element, species in family.fixed.items()}
    expected[family.mobile.element] = float(composition.x_li) * units
    for element in sorted(found.keys() | expected.keys()):
        wanted = expected.get(element, 0.0)
        if abs(found.get(element, 0) - wanted) > 1e-6 or n_sites == 0:  # noqa: PLR2004 - counts are whole numbers
            raise StructureError(
                f"the structure ({around.structure.formula}) is not {composition.formula}: "
                f"{found.get(element, 0)} {element} instead of {wanted:g}"
            )
