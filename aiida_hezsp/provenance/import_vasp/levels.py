"""Levels of theory: energies of different ones must not stand in one dataset."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

__all__ = ("by_level", "name_of")

Run = TypeVar("Run")


def by_level(
    runs: Sequence[Run], level_of: Callable[[Run], Mapping[str, Any]]
) -> list[tuple[dict[str, Any], list[Run]]]:
    """Return the runs in groups whose energies can be compared, each with what its runs say of their level together.

    Two levels go together unless they contradict each other: the U of iron says nothing about a cell without iron.
    """
    groups: list[tuple[dict[str, Any], list[Run]]] = []
    for run in runs:
        level = level_of(run)
        for common, members in groups:
            if all(common.get(name, value) == value for name, value in level.items()):
                common.update(level)
                members.append(run)
                break
        else:
            groups.append((dict(level), [run]))
    return groups


def name_of(level: Mapping[str, Any]) -> str:
    """Return a level in words: functional, kind of POTCARs, cut-off, and U where there is one."""
    values = [
        f"{name.removeprefix('U of ')} U={value:g}" for name, value in level.items() if name[:2] == "U " and value
    ]
    return ", ".join([f"{level['functional']} ({level['POTCARs']})", f"ENCUT {level['ENCUT']:g} eV", *values])
