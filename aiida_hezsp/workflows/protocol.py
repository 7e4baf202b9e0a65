"""Read protocols: `paper` is complete, the others and the user's overrides say what they change."""

import re
from collections.abc import Mapping
from copy import deepcopy
from importlib.resources import files
from typing import Any

import yaml

from aiida_hezsp.errors import HezspError
from aiida_hezsp.workflows.setting_checks import complaints

__all__ = ("PROTOCOLS", "ProtocolError", "load_protocol", "parse_assignments")

PROTOCOLS = ("demo", "fast", "paper")
# Below these keys a mapping is free: any INCAR tag or variable of pw.x may be set, a POTCAR symbol for any element.
_OPEN = ("incar", "potcar", "CONTROL", "SYSTEM", "ELECTRONS", "IONS", "CELL")


class ProtocolError(HezspError):
    """A protocol or a setting does not exist, or a setting has a value that it cannot have."""


def load_protocol(name: str, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the settings of protocol `name`, with `overrides` on top.

    Raises:
        ProtocolError: no such protocol, an override names a setting that does not exist, or a value is impossible.
    """
    if name not in PROTOCOLS:
        raise ProtocolError(f"protocol {name!r} does not exist; known are {', '.join(PROTOCOLS)}")
    settings = _read("paper")
    layers = ([] if name == "paper" else [_read(name)]) + ([overrides] if overrides else [])
    for layer in layers:
        settings = _merge(settings, layer, path="")
    if wrong := complaints(settings):
        raise ProtocolError("; ".join(wrong))
    return settings


class _Loader(yaml.SafeLoader):
    """YAML in which 1e-3 is a number; to YAML 1.1 it is a text."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def parse_assignments(assignments: tuple[str, ...]) -> dict[str, Any]:
    """Return the nested mapping of assignments such as ``relax.fmax=0.02``; values are read as YAML.

    Raises:
        ProtocolError: an assignment has no ``=``, its value is not YAML, or it contradicts another one.
    """
    nested: dict[str, Any] = {}
    for assignment in assignments:
        key, separator, text = assignment.partition("=")
        if not separator or not key:
            raise ProtocolError(f"{assignment!r} is not of the form section.setting=value, e.g. relax.fmax=0.02")
        try:
            value = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
        except yaml.YAMLError as error:
            raise ProtocolError(
                f"the value of {assignment!r} is not YAML: {getattr(error, 'problem', error)}"
            ) from error
        *parents, last = key.split(".")
        level = nested
        for parent in parents:
            level = level.setdefault(parent, {})
            if not isinstance(level, dict):
                raise ProtocolError(f"{assignment!r} contradicts another assignment: {parent} is set to {level!r}")
        level[last] = value
    return nested


def _read(name: str) -> dict[str, Any]:
    """Return the YAML file of a protocol."""
    text = files("aiida_hezsp.workflows").joinpath("protocols", f"{name}.yaml").read_text(encoding="utf8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def _merge(base: Mapping[str, Any], layer: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return `base` with the values of `layer`; refuse keys that `base` does not have."""
    merged = deepcopy(dict(base))
    for key, value in layer.items():
        where = f"{path}.{key}".lstrip(".")
        if key not in base and path.rpartition(".")[2] not in _OPEN:
            raise ProtocolError(f"setting {where!r} does not exist; {path or 'the protocol'} has {', '.join(base)}")
        known = base.get(key)
        if isinstance(known, Mapping):
            if not isinstance(value, Mapping):
                raise ProtocolError(f"setting {where!r} has settings of its own ({', '.join(known)}), not {value!r}")
            merged[key] = _merge(known, value, where)
        elif known is not None and isinstance(value, Mapping):
            raise ProtocolError(f"setting {where!r} has a value such as {known!r}, not settings of its own")
        else:
            merged[key] = deepcopy(value)
    return merged
