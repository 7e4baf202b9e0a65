"""KPOINTS: automatic meshes, explicit lists, or KSPACING; reduced by time reversal alone."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.errors import StandinError

__all__ = ("Kpoints", "from_spacing", "read_kpoints")

FloatArray = NDArray[np.float64]
_MOST_POINTS = 100_000
Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Kpoints:
    """k-points (n,3) in units of the reciprocal vectors, weights (n,) with sum 1, and the mesh they came from."""

    points: FloatArray
    weights: FloatArray
    style: str  # "Gamma", "Monkhorst-Pack" or "Reciprocal", as vasprun.xml names them
    divisions: tuple[int, int, int] | None
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)


def read_kpoints(path: Path) -> Kpoints:
    """Read KPOINTS.

    Raises:
        StandinError: the file cannot be read or uses line mode or generating vectors.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = [line.split("#")[0].split("!")[0].strip() for line in text.splitlines()]
    try:
        number = int(lines[1].split()[0])
        style = lines[2][:1].lower()
        if number > 0:
            return _explicit(lines, number)
        if style in {"g", "m"}:
            divisions = _three(int(word) for word in lines[3].split()[:3])
            words = lines[4].split()[:3] if len(lines) > 4 else []  # noqa: PLR2004
            shift = _three(float(word) for word in words) if words else (0.0, 0.0, 0.0)
            return _mesh(divisions, shift, gamma=style == "g")
    except (ValueError, IndexError) as error:
        raise StandinError(f" ERROR: reading KPOINTS failed: {error}") from None
    raise StandinError(
        f" Error reading KPOINTS: line 3 is {lines[2]!r}; the stand-in knows Gamma, Monkhorst-Pack and lists."
    )


def from_spacing(spacing: float, cell: FloatArray, *, gamma: bool) -> Kpoints:
    """Mesh from KSPACING (1/A, with the factor 2 pi), as VASP does without KPOINTS.

    Raises:
        StandinError: the mesh has too many points.
    """
    lengths = 2 * np.pi * np.linalg.norm(np.linalg.inv(cell).T, axis=1)
    try:
        divisions = _three(max(1, math.ceil(float(length) / spacing)) for length in lengths)
        return _mesh(divisions, (0.0, 0.0, 0.0), gamma=gamma)
    except (ValueError, OverflowError) as error:  # overflow: so small that a length over it is infinite
        raise StandinError(f" ERROR: KSPACING= {spacing:g} is too small: {error}") from None


def _mesh(divisions: tuple[int, int, int], shift: tuple[float, float, float], *, gamma: bool) -> Kpoints:
    if min(divisions) < 1 or math.prod(divisions) > _MOST_POINTS or not np.isfinite(shift).all():
        raise ValueError(f"the mesh {divisions} with shift {shift} cannot be made")
    axes = [
        (np.arange(n) + shift[axis]) / n if gamma else (2 * np.arange(n) + 1 - n + 2 * shift[axis]) / (2 * n)
        for axis, n in enumerate(divisions)
    ]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    points, weights = _reduce(grid)
    return Kpoints(points, weights, "Gamma" if gamma else "Monkhorst-Pack", divisions, shift)


def _reduce(grid: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Keep one of k and -k (modulo reciprocal vectors)."""
    folded = grid - np.round(grid)
    counts: dict[tuple[int, ...], list[float]] = {}
    kept: list[FloatArray] = []
    for point in folded:
        keys = [tuple(np.round((sign * point % 1.0) * 1e8).astype(int) % 10**8) for sign in (1, -1)]
        entry = counts.get(keys[0]) or counts.get(keys[1])
        if entry is None:
            counts[keys[0]] = entry = [0.0]
            kept.append(point)
        entry[0] += 1.0
    weights = np.array([entry[0] for entry in counts.values()])
    return np.array(kept), weights / weights.sum()


def _explicit(lines: list[str], number: int) -> Kpoints:
    if lines[2][:1].lower() in {"l", "c", "k"}:
        raise ValueError(f"line 3 is {lines[2]!r}: the stand-in reads lists in reciprocal coordinates only")
    rows = np.array([[float(word) for word in line.split()[:4]] for line in lines[3 : 3 + number]])
    if rows.shape != (number, 4) or not np.isfinite(rows).all() or rows[:, 3].sum() <= 0:
        raise ValueError(f"{number} k-points with weights are announced on line 2")
    return Kpoints(rows[:, :3], rows[:, 3] / rows[:, 3].sum(), "Reciprocal", None)


def _three(values: Iterable[Number]) -> tuple[Number, Number, Number]:
    first, second, third = values
    return first, second, third
