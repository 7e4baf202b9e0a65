"""Find and read families: the shipped ones by name, the user's own by path."""

from pathlib import Path
from typing import Any

import yaml

from aiida_hezsp.errors import FamilyError, StructureError
from aiida_hezsp.families.cif import read_cif
from aiida_hezsp.families.family import Family
from aiida_hezsp.families.schema import Cell

__all__ = ("load_family", "shipped_families")

HERE = Path(__file__).parent
MAX_BYTES = 1_000_000


def shipped_families() -> tuple[str, ...]:
    """Return the names of the families that come with the package."""
    return tuple(sorted(path.parent.name for path in HERE.glob("*/family.yaml")))


def load_family(name_or_path: str | Path) -> Family:
    """Load a shipped family by name, or one's own from its YAML file (its CIFs beside it).

    Raises:
        FamilyError: no such family, or its file is not YAML or contradicts itself.
        StructureError: one of its CIFs cannot be read.
    """
    path = _find(name_or_path)
    try:
        return Family.from_dict(_with_structures(_read_yaml(path), path.parent))
    except FamilyError as error:
        raise FamilyError(f"{path}: {error}") from None


def _find(name_or_path: str | Path) -> Path:
    if str(name_or_path) in shipped_families():
        return HERE / str(name_or_path) / "family.yaml"
    path = Path(name_or_path)
    if path.is_dir():
        path /= "family.yaml"
    if not path.is_file():
        known = ", ".join(shipped_families())
        raise FamilyError(
            f"no family {str(name_or_path)!r}; expected one of {known} or the path of a family's YAML file"
        )
    return path


def _read_yaml(path: Path) -> dict[str, Any]:
    if path.stat().st_size > MAX_BYTES:
        raise FamilyError(f"larger than {MAX_BYTES} bytes; expected a family file")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FamilyError(f"not readable as YAML: {' '.join(str(error).split())[:160]}") from None
    if not isinstance(data, dict):
        raise FamilyError("expected a mapping with the keys schema, name, formula, ...")
    return data


def _with_structures(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Replace the names of CIFs by what is in them."""
    named = data.get("structures")
    if not isinstance(named, dict):
        raise FamilyError("family: structures: expected the names of two CIFs, host and template")
    return {**data, "structures": {key: _cell(key, name, folder) for key, name in named.items()}}


def _cell(key: str, name: object, folder: Path) -> Cell:
    if not isinstance(name, str):
        raise FamilyError(f"family: structures.{key}: expected the name of a CIF, given {name!r}")
    try:
        return Cell.from_structure(read_cif(folder / name))
    except StructureError as error:
        raise StructureError(f"structures.{key}: {error}") from None
