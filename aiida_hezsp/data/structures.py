"""Translate between `StructureData` and the engine's structures file (see `aiida_hezsp.engine`)."""

from collections.abc import Mapping
from typing import Any

from aiida.orm import StructureData
from pymatgen.core import Structure

from aiida_hezsp.errors import StructureError

__all__ = ("structure_data_from_engine", "structure_data_from_pymatgen", "structure_to_engine")


def structure_to_engine(node: StructureData) -> dict[str, Any]:
    """Return the structure as the engine reads it: symbols, cell (A), positions (A, Cartesian).

    Raises:
        StructureError: a site is partly occupied.
    """
    for kind in node.kinds:
        if kind.is_alloy or kind.has_vacancies:
            raise _partly_occupied(kind.get_symbols_string())
    return {
        "symbols": [node.get_kind(site.kind_name).symbol for site in node.sites],
        "cell": [list(vector) for vector in node.cell],
        "positions": [list(site.position) for site in node.sites],
    }


def structure_data_from_engine(entry: Mapping[str, Any]) -> StructureData:
    """Return an unstored structure from an entry of the engine's structures file."""
    node = StructureData(cell=entry["cell"])
    for symbol, position in zip(entry["symbols"], entry["positions"], strict=True):
        node.append_atom(position=position, symbols=symbol)
    return node


def structure_data_from_pymatgen(structure: Structure) -> StructureData:
    """Return an unstored structure with one kind per element (site properties are not kept).

    Raises:
        StructureError: a site is partly occupied.
    """
    for site in structure:
        if not site.is_ordered:
            raise _partly_occupied(site.species_string)
    return structure_data_from_engine(
        {
            "symbols": [site.specie.symbol for site in structure],
            "cell": structure.lattice.matrix.tolist(),
            "positions": structure.cart_coords.tolist(),
        }
    )


def _partly_occupied(species: str) -> StructureError:
    """Return the error for a site that does not hold exactly one atom."""
    return StructureError(
        f"a site is partly occupied ({species}): simulations need whole atoms, e.g. one decoration of the average cell"
    )
