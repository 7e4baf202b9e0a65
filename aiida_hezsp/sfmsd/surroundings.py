"""The ligands around the sites of a structure, found once and asked many times."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.errors import StructureError
from aiida_hezsp.families import Family
from aiida_hezsp.families.schema import Polyhedron
from aiida_hezsp.sfmsd.csm import continuous_symmetry_measures
from aiida_hezsp.sfmsd.rdf import SIGMA, first_peak

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ("BOND_LIMIT", "Surroundings")

Floats = NDArray[np.float64]

BOND_LIMIT = 4.0
"""Largest first-peak distance in A; ligands are collected to 4 sigma beyond it, where their weight is 3e-4."""


@dataclass(frozen=True)
class Surroundings:
    """A structure seen from its polyhedra: distances and vectors from centres to ligands, periodic images included."""

    structure: "Structure"
    family: Family

    @cached_property
    def symbols(self) -> NDArray[np.str_]:
        """Chemical symbol of every site."""
        try:
            return np.array([site.specie.symbol for site in self.structure])
        except AttributeError:
            raise StructureError("the structure is disordered: every site must hold one element") from None

    def sites(self, centre: str) -> NDArray[np.intp]:
        """Return the indices of the sites that `centre` means: a kind of site, or an element.

        Raises:
            StructureError: there are none.
        """
        kinds = {"mobile": (self.family.mobile.element,), "substituted": tuple(self.family.charges)}
        indices = np.flatnonzero(np.isin(self.symbols, kinds.get(centre, (centre,))))
        if indices.size == 0:
            raise StructureError(f"the structure ({self.structure.formula}) has no {centre} site")
        return indices

    def csm(self, name: str) -> Floats:
        """Return the CSM of every polyhedron of a kind, by the rule of the family file.

        Raises:
            StructureError: a polyhedron cannot be formed, because too few ligands are within the rule's cutoff.
        """
        rule = self.family.polyhedra[name]
        vectors = [self._corners(site, rule, name) for site in self.sites(rule.centre)]
        return continuous_symmetry_measures(np.stack(vectors), rule.ideal)

    def bond(self, element: str, ligand: str) -> float:
        """Return the element-ligand distance at the first peak of the smeared RDF, in A."""
        pairs = self._pairs(ligand)
        distances = np.concatenate([pairs[site][0] for site in self.sites(element)])
        try:
            return first_peak(distances, SIGMA, BOND_LIMIT)
        except StructureError as error:
            raise StructureError(f"{element}-{ligand}: {error}") from None

    def _corners(self, site: int, rule: Polyhedron, name: str) -> Floats:
        """Return the vectors (n, 3) from a site to the corners of its polyhedron."""
        distances, vectors = self._pairs(rule.ligand)[site]
        within = int((distances <= rule.cutoff).sum())
        if within < rule.neighbours:
            raise StructureError(
                f"polyhedron {name} of site {site} ({self.symbols[site]}): {within} {rule.ligand} within "
                f"{rule.cutoff:g} A, {rule.ideal} needs {rule.neighbours}"
            )
        nearest: Floats = vectors[np.argsort(distances, kind="stable")[: rule.neighbours]]
        return nearest

    def _pairs(self, ligand: str) -> dict[int, tuple[Floats, Floats]]:
        """Return distances (k,) and vectors (k, 3) to all ligands around every other site, by site."""
        if ligand not in self._found:
            self._found[ligand] = self._find(ligand)
        return self._found[ligand]

    @cached_property
    def _found(self) -> dict[str, dict[int, tuple[Floats, Floats]]]:
        return {}

    def _find(self, ligand: str) -> dict[int, tuple[Floats, Floats]]:
        """Find all ligands within reach of every site that is not one itself."""
        from pymatgen.optimization.neighbors import find_points_in_spheres

        radius = max([BOND_LIMIT + 4.0 * SIGMA, *(rule.cutoff for rule in self.family.polyhedra.values())])
        ligands, centres = self.sites(ligand), np.flatnonzero(self.symbols != ligand)
        lattice = np.ascontiguousarray(self.structure.lattice.matrix, dtype=np.float64)
        points = np.ascontiguousarray(self.structure.cart_coords, dtype=np.float64)
        centre, other, image, distance = find_points_in_spheres(
            all_coords=points[ligands],
            center_coords=points[centres],
            r=radius,
            pbc=np.ones(3, dtype=np.int64),
            lattice=lattice,
            tol=1e-8,
        )
        vectors = points[ligands][other] + image @ lattice - points[centres][centre]
        return {
            int(site): (distance[centre == number], vectors[centre == number]) for number, site in enumerate(centres)
        }
