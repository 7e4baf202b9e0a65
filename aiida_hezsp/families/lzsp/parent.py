"""The published parent of the lzsp host: R-3c NASICON, and the orderings of Li and P on its sites.

Source: Tran Qui, Capponi, Joubert and Shannon, J. Solid State Chem. 39, 219 (1981), crystal data of NASICON.
"""

from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = (
    "LI_FILLED",
    "ORDER",
    "P_COUNT",
    "Ordering",
    "apply_ordering",
    "distinct_orderings",
    "parent_conventional",
    "parent_primitive",
)

SPACE_GROUP = "R-3cH"  # hexagonal axes
A, C = 9.1863, 22.181  # A
# Element put on the site, Wyckoff position, coordinates. The alkali sites take Li, the tetrahedral ones Si (and P).
SITES = (
    ("Li", "6b", (0.0, 0.0, 0.0)),
    ("Li", "18e", (-0.36033, 0.0, 0.25)),
    ("Zr", "12c", (0.0, 0.0, 0.14719)),
    ("Si", "18e", (0.29544, 0.0, 0.25)),
    ("O", "36f", (0.18534, 0.16651, 0.08652)),
    # y is negative: transcribed as +0.02102 it gives Zr-O of 1.87 A and T-O of 1.73 A; so it is 2.04 and 1.61 A.
    ("O", "36f", (0.18214, -0.02102, 0.19199)),
)
ORDER = ("Li", "Zr", "Si", "P", "O")
LI_FILLED, P_COUNT = 6, 2

Ordering = tuple[tuple[int, ...], tuple[int, ...]]


def parent_conventional() -> "Structure":
    """Return the hexagonal cell, every alkali site filled with Li and every tetrahedral site with Si: 126 sites."""
    from pymatgen.core.lattice import Lattice
    from pymatgen.core.structure import Structure

    elements, _, coordinates = zip(*SITES, strict=True)
    return Structure.from_spacegroup(SPACE_GROUP, Lattice.hexagonal(A, C), elements, coordinates)


def parent_primitive() -> "Structure":
    """Return the rhombohedral primitive cell: Li8 Zr4 Si6 O24, sorted by element.

    The lattice is oriented as CIF readers orient it, so that writing and reading changes nothing.
    """
    from pymatgen.core.lattice import Lattice
    from pymatgen.core.structure import Structure
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    cell = SpacegroupAnalyzer(parent_conventional(), symprec=1e-4).get_primitive_standard_structure()
    cell = cell.get_sorted_structure(key=lambda site: ORDER.index(site.specie.symbol))
    lattice = Lattice.from_parameters(*cell.lattice.parameters)
    return Structure(lattice, cell.species, cell.frac_coords, to_unit_cell=True)


def distinct_orderings(parent: "Structure") -> list[tuple[Ordering, int]]:
    """List the symmetry-distinct ways to put 6 Li on the 8 Li sites and 2 P on the 6 T sites.

    Returns:
        ((filled Li sites, P sites) as indices into the parent, number of equivalent ones); the numbers add up to
        15 x 28 = 420.
    """
    lithium = [index for index, site in enumerate(parent) if site.specie.symbol == "Li"]
    tetrahedral = [index for index, site in enumerate(parent) if site.specie.symbol == "Si"]
    permutations = _site_permutations(parent)
    orbits: dict[Ordering, int] = {}
    for filled in combinations(lithium, LI_FILLED):
        for phosphorus in combinations(tetrahedral, P_COUNT):
            images = [_move((filled, phosphorus), permutation) for permutation in permutations]
            first = min(images)
            orbits[first] = orbits.get(first, 0) + 1
    return sorted(orbits.items())


def apply_ordering(parent: "Structure", ordering: Ordering) -> "Structure":
    """Return the parent with P on its sites and the Li sites left empty removed, sites otherwise in order."""
    filled, phosphorus = ordering
    structure = parent.copy()
    for index in phosphorus:
        structure.replace(index, "P")
    empty = [i for i, site in enumerate(parent) if site.specie.symbol == "Li" and i not in filled]
    structure.remove_sites(empty)
    return structure


def _site_permutations(parent: "Structure") -> list[list[int]]:
    import numpy as np
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    permutations = []
    for operation in SpacegroupAnalyzer(parent, symprec=1e-3).get_symmetry_operations():
        moved = operation.operate_multi(parent.frac_coords)
        distances = parent.lattice.get_all_distances(moved, parent.frac_coords)
        permutations.append(np.argmin(distances, axis=1).tolist())
    return permutations


def _move(ordering: Ordering, permutation: list[int]) -> Ordering:
    filled, phosphorus = ordering
    return tuple(sorted(permutation[i] for i in filled)), tuple(sorted(permutation[i] for i in phosphorus))
