"""INCAR tags of a protocol: checked before anything runs."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from aiida_hezsp.errors import SettingsError

__all__ = ("incar_overrides",)

_WHY_NOT = {
    "kspacing": "VASP reads KPOINTS, not this tag; set dft.kpoints_distance",
    "kgamma": "VASP reads KPOINTS, not this tag; the mesh is Gamma-centred always",
}


@cache
def _known_tags() -> frozenset[str]:
    """Return the tags that aiida-vasp and parsevasp both know, in lower case."""
    from importlib.resources import files

    import yaml
    from parsevasp import constants

    text = files("aiida_vasp.assistant").joinpath("parameters.yml").read_text(encoding="utf8")
    return frozenset(yaml.safe_load(text)) & {tag.lower() for tag in constants.incar_tags}


def incar_overrides(dft: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return the INCAR tags of a protocol for one kind of calculation, in lower case.

    Args:
        dft: section `dft` of a protocol.
        kind: the part of `dft` whose `incar` goes on top of that of all calculations.

    Raises:
        SettingsError: a tag is not one of VASP's, or contradicts the mesh.
    """
    tags: dict[str, Any] = {}
    for layer, where in ((dft["incar"], "dft.incar"), (dft[kind]["incar"], f"dft.{kind}.incar")):
        for tag, value in _later_case_wins(layer).items():
            _check(tag, where, dft.get("new_tags", ()))
            tags[tag] = _value(value)
    return tags


def _later_case_wins(layer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tags in lower case: `ENCUT` given by the user comes after `encut` of the protocol."""
    return {tag.lower(): value for tag, value in layer.items()}


def _check(tag: str, where: str, new_tags: Any) -> None:
    """Refuse what VASP does not know or would not heed."""
    if tag in _WHY_NOT:
        raise SettingsError(f"{where}.{tag} has no effect: {_WHY_NOT[tag]}")
    if tag not in _known_tags() and tag not in {new.lower() for new in new_tags}:
        near = get_close_matches(tag, _known_tags(), n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise SettingsError(
            f"{where}.{tag} is no INCAR tag known to aiida-vasp; {hint}A tag newer than that needs dft.new_tags=[{tag}]"
        )


def _value(value: Any) -> Any:
    """Return a number for what YAML leaves as text, such as 1e-6."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return value
