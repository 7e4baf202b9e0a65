"""The structures file: many structures by label, plain JSON."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from aiida_hezsp.engine.files import read_json, write_json
from aiida_hezsp.errors import StructureError

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ("atoms_from_entry", "entry_from_atoms", "read_structures", "write_structures")

LABEL = re.compile(r"^[A-Za-z0-9_]{1,128}$")
Vector = tuple[FiniteFloat, FiniteFloat, FiniteFloat]


class Entry(BaseModel):
    """One periodic structure: element symbols, cell rows (A), Cartesian positions (A)."""

    model_config = ConfigDict(extra="forbid")

    symbols: Annotated[list[str], Field(min_length=1, max_length=100_000)]
    cell: tuple[Vector, Vector, Vector]
    positions: list[Vector]


def read_structures(path: Path) -> dict[str, "Atoms"]:
    """Return the structures of a file by label, in its order.

    Raises:
        StructureError: the file or one of its entries is not as it should be.
    """
    content = read_json(path, StructureError)
    if not isinstance(content, dict) or not content:
        raise StructureError(f"{path.name} must hold a JSON object with at least one structure")
    return {label: atoms_from_entry(label, entry) for label, entry in content.items()}


def write_structures(path: Path, structures: Mapping[str, "Atoms"]) -> None:
    """Write structures; every float is written so that it reads back exactly."""
    write_json(path, {label: entry_from_atoms(atoms) for label, atoms in structures.items()})


def atoms_from_entry(label: str, entry: Any) -> "Atoms":
    """Return ASE atoms from an entry, checked."""
    from ase import Atoms
    from ase.data import atomic_numbers

    if not LABEL.match(label):
        raise StructureError(f"label {label!r}: letters, digits and underscores only, at most 128")
    try:
        checked = Entry.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise StructureError(f"structure {label}: {where}: {first['msg']}") from error
    if len(checked.positions) != len(checked.symbols):
        raise StructureError(
            f"structure {label}: {len(checked.symbols)} symbols and {len(checked.positions)} positions"
        )
    if unknown := sorted({s for s in checked.symbols if not 1 <= atomic_numbers.get(s, 0) <= 94}):  # noqa: PLR2004
        raise StructureError(f"structure {label}: CHGNet knows no element {', '.join(unknown)}")
    if abs(np.linalg.det(np.array(checked.cell))) < 1e-3:  # noqa: PLR2004 - A^3
        raise StructureError(f"structure {label}: the cell has no volume")
    return Atoms(symbols=checked.symbols, cell=checked.cell, positions=checked.positions, pbc=True)


def entry_from_atoms(atoms: "Atoms") -> dict[str, Any]:
    """Return the entry of ASE atoms."""
    return {
        "symbols": list(atoms.get_chemical_symbols()),
        "cell": atoms.cell.array.tolist(),
        "positions": atoms.positions.tolist(),
    }
