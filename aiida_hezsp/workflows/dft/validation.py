"""What can be said about the inputs of a DFT work chain before anything is submitted."""

from collections.abc import Mapping
from typing import Any

from aiida import orm

from aiida_hezsp.errors import HezspError
from aiida_hezsp.workflows.dft.incar import incar_overrides
from aiida_hezsp.workflows.dft.potentials import require_potentials

__all__ = ("validate_dft",)


def validate_dft(value: Mapping[str, Any], _: object) -> str | None:
    """Say which POTCARs are missing and which INCAR tags are wrong: validator of a DFT work chain's inputs."""
    if not {"vasp", "settings"} <= set(value) or "potential_family" not in value["vasp"]:
        return None  # the ports themselves say what is missing
    dft = value["settings"].get_dict().get("dft", {})
    try:
        for kind in (name for name, section in dft.items() if isinstance(section, Mapping) and "incar" in section):
            incar_overrides(dft, kind)
        require_potentials(_elements(value), _text(value["vasp"]["potential_family"]), dft)
    except HezspError as error:
        return str(error)
    return None


def _elements(value: Mapping[str, Any]) -> set[str]:
    """Return the elements of the structures, or of the compositions that the protocol chooses from the family."""
    if "structures" in value:
        structures = [node for node in value["structures"].values() if isinstance(node, orm.StructureData)]
        return {symbol for node in structures for symbol in node.get_symbols_set()}
    if "family" not in value:
        return set()
    from aiida_hezsp.families import Family
    from aiida_hezsp.families.elements import split_formula
    from aiida_hezsp.workflows.compositions import chosen_formulas

    family = Family.from_dict(value["family"].get_dict())
    formulas = chosen_formulas(family, value["settings"].get_dict()["potential"]["compositions"])
    return {element for formula in formulas for element in split_formula(formula)}


def _text(value: Any) -> str:
    """Return the text of a `Str` node or of a plain string."""
    return value.value if isinstance(value, orm.Str) else str(value)
