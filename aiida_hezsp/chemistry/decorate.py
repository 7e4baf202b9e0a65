"""Random configurations: which atom sits where (paper, section 2.2: one random decoration represents a composition)."""

import hashlib
from typing import TYPE_CHECKING

from aiida_hezsp.chemistry.composition import Composition
from aiida_hezsp.errors import CompositionError
from aiida_hezsp.families import CellName, Family

if TYPE_CHECKING:
    import numpy as np
    from pymatgen.core.structure import Structure

__all__ = ("configuration_rng", "decorate")


def configuration_rng(composition: Composition, cell: CellName, seed: int) -> "np.random.Generator":
    """Return the generator of a configuration: its seed, its formula and its cell decide, not the order of calls."""
    import numpy as np

    key = f"{composition.family.name}/{composition.label}/{cell}".encode()
    words = np.frombuffer(hashlib.sha256(key).digest(), dtype="<u4")
    return np.random.default_rng([seed, *words.tolist()])


def decorate(family: Family, composition: Composition, cell: CellName, seed: int) -> "Structure":
    """Fill the substituted and the mobile sites of a cell at random with the right counts.

    Args:
        family: gives the template, all mobile sites filled.
        composition: gives the counts.
        cell: ``primitive`` or ``supercell``.
        seed: not negative; the same composition, cell and seed give the same configuration.

    Returns:
        The structure, atoms grouped by element in the formula's order, with the site property "site".

    Raises:
        CompositionError: the composition does not fill the cell with whole atoms, or is another family's.
    """
    if composition.family.name != family.name:
        raise CompositionError(f"{composition.formula} is of family {composition.family.name}, not {family.name}")
    counts = composition.sites(cell)
    rng = configuration_rng(composition, cell, seed)
    structure = family.template(cell)
    kinds = structure.site_properties["site"]
    substituted = [index for index, kind in enumerate(kinds) if kind == "substituted"]
    mobile = [index for index, kind in enumerate(kinds) if kind == "mobile"]
    atoms = [element for element in composition.elements for _ in range(counts[element])]
    for index, element in zip(substituted, rng.permutation(atoms).tolist(), strict=True):
        structure.replace(index, element, properties={"site": "substituted"})
    filled = counts.get(family.mobile.element, 0)
    structure.remove_sites(rng.permutation(mobile)[filled:].tolist())
    order = {element: place for place, element in enumerate(counts)}
    return structure.get_sorted_structure(key=lambda site: order[site.specie.symbol])
