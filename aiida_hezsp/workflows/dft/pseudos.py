"""Pseudopotentials and cut-offs for Quantum ESPRESSO: from a family of aiida-pseudo, checked before anything is run."""

import re
from collections.abc import Iterable
from typing import Any

from aiida import orm

from aiida_hezsp.errors import PotentialError

__all__ = ("functional_of", "pseudo_family", "recommended_cutoffs", "require_pseudos")

# UPF files name a functional by its short name or by its four parts (exchange, correlation, and their gradients).
_FUNCTIONALS = {
    "PBE": {"PBE", "SLA PW PBE PBE", "SLA PW PBX PBC"},
    "PBEsol": {"PBESOL", "SLA PW PSX PSC"},
    "LDA": {"PZ", "LDA", "SLA PZ NOGX NOGC", "SLA PZ"},
}
_VERSION_1 = re.compile(r"^\s*(.+?)\s+Exchange-Correlation functional", re.MULTILINE)
_VERSION_2 = re.compile(r"""\bfunctional\s*=\s*["']\s*([^"']+?)\s*["']""")
_HEADER = 20000  # characters; the numbers come after it


def pseudo_family(label: str) -> Any:
    """Return a family of aiida-pseudo.

    Raises:
        PotentialError: there is no such family.
    """
    from aiida.plugins import GroupFactory

    found = orm.QueryBuilder().append(GroupFactory("pseudo.family"), filters={"label": label}).all(flat=True)
    if len(found) != 1:
        raise PotentialError(
            f"pseudopotential family {label!r} does not exist in this profile; install one with `aiida-pseudo install "
            "sssp -x PBE` or `aiida-pseudo install family FOLDER LABEL`; `aiida-pseudo list` shows what there is"
        )
    return found[0]


def require_pseudos(elements: Iterable[str], label: str, functional: str) -> dict[str, Any]:
    """Return the pseudopotentials of a family by element.

    Args:
        elements: what is needed.
        label: name of the family.
        functional: ``PBE`` or ``PBEsol``, which the pseudopotentials must have been made with.

    Raises:
        PotentialError: no such family, or it lacks elements or has them for another functional; all are named.
    """
    family = pseudo_family(label)
    wanted = sorted(set(elements))
    if missing := [element for element in wanted if element not in family.elements]:
        raise PotentialError(
            f"pseudopotential family {label!r} lacks {', '.join(missing)}; add them, or take a family that has them"
        )
    pseudos = {element: family.get_pseudo(element) for element in wanted}
    found = {element: functional_of(pseudo) for element, pseudo in pseudos.items()}
    if wrong := {element: name for element, name in found.items() if name != functional}:
        named = ", ".join(f"{element} ({name})" for element, name in wrong.items())
        raise PotentialError(f"pseudopotential family {label!r} is for another functional than {functional}: {named}")
    return pseudos


def functional_of(pseudo: Any) -> str:
    """Return the functional that a pseudopotential was made with: ``PBE``, ``PBEsol``, ``LDA`` or what its file says.

    Source: the header of the UPF file, versions 1 and 2.
    """
    head = pseudo.get_content()[:_HEADER]
    match = _VERSION_2.search(head) or _VERSION_1.search(head)
    if match is None:
        return "unknown"
    words = match[1].upper().split()
    for name, spellings in _FUNCTIONALS.items():
        if " ".join(words) in spellings or " ".join(words[:4]) in spellings:
            return name
    return " ".join(words)


def recommended_cutoffs(elements: Iterable[str], label: str) -> tuple[float, float]:
    """Return the cut-offs (Ry) of wave functions and density that a family recommends for these elements together.

    Raises:
        PotentialError: the family recommends none.
    """
    family = pseudo_family(label)
    try:
        wave, density = family.get_recommended_cutoffs(elements=tuple(sorted(set(elements))), unit="Ry")
    except (AttributeError, ValueError) as error:
        raise PotentialError(
            f"pseudopotential family {label!r} recommends no cut-offs; set them with `aiida-pseudo family cutoffs set`,"
            " or with dft.pw.parameters.SYSTEM.ecutwfc and .ecutrho"
        ) from error
    return float(wave), float(density)
