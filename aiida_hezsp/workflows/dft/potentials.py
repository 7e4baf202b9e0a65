"""Which POTCARs a calculation needs, and which of them a family lacks: all named at once, before anything is run."""

from collections.abc import Iterable, Mapping
from typing import Any

from pymatgen.io.vasp.sets import MPRelaxSet

from aiida_hezsp.errors import PotentialError

__all__ = ("family_potentials", "missing_potentials", "potential_mapping", "require_potentials")


def potential_mapping(elements: Iterable[str], dft: Mapping[str, Any]) -> dict[str, str]:
    """Return the POTCAR symbol per element: that of `dft.potcar`, or the one MPRelaxSet prescribes.

    Raises:
        PotentialError: neither has a symbol for an element.
    """
    symbols = {**MPRelaxSet.CONFIG["POTCAR"], **(dft.get("potcar") or {})}
    wanted = sorted(set(elements))
    if unknown := [element for element in wanted if not symbols.get(element)]:
        raise PotentialError(
            f"MPRelaxSet has no POTCAR for {', '.join(unknown)}; name one with dft.potcar.{unknown[0]}=SYMBOL"
        )
    return {element: symbols[element] for element in wanted}


def family_potentials(family: str) -> dict[str, Any]:
    """Return the `PotcarData` of a family by symbol.

    Raises:
        PotentialError: there is no such family.
    """
    from aiida.plugins import DataFactory

    group = DataFactory("vasp.potcar").get_potcar_group(family)
    if group is None:
        raise PotentialError(
            f"POTCAR family {family!r} does not exist in this profile; upload it with `aiida-vasp potcar uploadfamily "
            "--path DIR --name NAME -D TEXT`, or make the stand-in's placeholders with `aiida-hezsp setup`"
        )
    return {node.full_name: node for node in group.nodes}


def missing_potentials(elements: Iterable[str], family: str, dft: Mapping[str, Any]) -> list[str]:
    """Return the POTCAR symbols that the elements need and the family does not hold, sorted by element.

    Raises:
        PotentialError: there is no such family, or no symbol for an element.
    """
    held = family_potentials(family)
    return [symbol for symbol in potential_mapping(elements, dft).values() if symbol not in held]


def require_potentials(elements: Iterable[str], family: str, dft: Mapping[str, Any]) -> None:
    """Check that a family holds what the elements need.

    Raises:
        PotentialError: the family does not exist, or lacks POTCARs; all of them are named.
    """
    if missing := missing_potentials(elements, family, dft):
        raise PotentialError(
            f"POTCAR family {family!r} lacks {', '.join(missing)}; upload them with `aiida-vasp potcar uploadfamily "
            f"--path DIR --name {family}`, or name others with dft.potcar.ELEMENT=SYMBOL"
        )
