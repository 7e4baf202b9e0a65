"""What can be said about the inputs of a DFT work chain before anything is submitted."""

from collections.abc import Mapping
from typing import Any

from aiida import orm

from aiida_hezsp.errors import HezspError
from aiida_hezsp.workflows.dft.engines import dft_engine

__all__ = ("validate_dft",)


def validate_dft(value: Mapping[str, Any], port: Any) -> str | None:
    """Say which potentials are missing and which settings are wrong: validator of a DFT work chain's inputs."""
    if "settings" not in value:
        return None  # the port itself says so
    dft = value["settings"].get_dict().get("dft", {})
    try:
        engine = dft_engine(dft)
        if port is not None and engine.namespace not in port:
            return f"dft.engine is {dft['engine']}, but this work chain runs VASP only"
        given = value.get(engine.namespace) or {}
        if not {"code", engine.family} & set(given):
            return f"the inputs {engine.namespace}.code and {engine.namespace}.{engine.family} are missing"
        if engine.family in given:
            engine.check(_elements(value), _text(given[engine.family]), dft)
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
