"""CIF files of a family: read and written without losing digits."""

from pathlib import Path
from typing import TYPE_CHECKING

from aiida_hezsp.errors import StructureError

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ("read_cif", "write_cif")

MAX_BYTES = 2_000_000


def read_cif(path: Path) -> "Structure":
    """Read an ordered structure from a CIF, coordinates as written (none is moved to a nearby fraction).

    Raises:
        StructureError: the file is missing, too large, not a CIF, or has partial occupancies.
    """
    from pymatgen.io.cif import CifParser

    if not path.is_file():
        raise StructureError(f"{path} is not a file; expected a CIF")
    if path.stat().st_size > MAX_BYTES:
        raise StructureError(f"{path} is larger than {MAX_BYTES} bytes; expected the CIF of one cell")
    try:
        structures = CifParser(str(path), frac_tolerance=0).parse_structures(primitive=False)
    except (ValueError, LookupError, ArithmeticError, AssertionError, AttributeError, TypeError) as error:
        reason = str(error).strip().split("\n")[0][:120]
        raise StructureError(f"{path} cannot be read as a CIF: {reason}") from None
    structure = structures[0]
    if not structure.is_ordered:
        raise StructureError(f"{path} has partial occupancies; expected every site filled by one element")
    return structure.remove_oxidation_states()


def write_cif(path: Path, structure: "Structure") -> None:
    """Write an ordered structure as a P1 CIF with ten digits."""
    from pymatgen.io.cif import CifWriter

    CifWriter(structure, significant_figures=10).write_file(str(path))
