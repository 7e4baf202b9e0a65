"""Data small enough for one HTML file: deflated and base64, as the browser's own decoders read it."""

import base64
import json
import math
import zlib
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = (
    "DIGITS",
    "STEPS",
    "pack_cells",
    "pack_coordinates",
    "pack_json",
    "runs",
    "shortened",
    "unpack_cells",
    "unpack_coordinates",
    "unpack_json",
)

STEPS = 10_000  # of a lattice vector: fractional coordinates have four decimals, as in most CIF files
DIGITS = 7  # of numbers in the table: about what single precision holds


def pack_json(value: Any) -> str:
    """Return JSON-able data as text that is safe inside of any HTML element.

    Base64 has none of the characters that HTML gives a meaning to, so that no formula or label can end the element.
    """
    return _pack(json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode())


def unpack_json(text: str) -> Any:
    """Return what `pack_json` packed."""
    return json.loads(_unpack(text))


def pack_coordinates(coordinates: NDArray[np.float64]) -> str:
    """Return fractional coordinates (n, 3), wrapped into the cell and rounded to 1 / `STEPS`.

    Low bytes come first, then high bytes, which differ less from each other and deflate better among themselves.
    """
    steps = np.round(coordinates * STEPS).astype(np.int64) % STEPS
    planes = np.stack([steps & 0xFF, steps >> 8]).astype(np.uint8)
    return _pack(planes.tobytes())


def unpack_coordinates(text: str) -> NDArray[np.float64]:
    """Return fractional coordinates (n, 3) in [0, 1)."""
    low, high = np.frombuffer(_unpack(text), dtype=np.uint8).astype(np.int64).reshape(2, -1)
    return (low + (high << 8)).reshape(-1, 3) / STEPS


def pack_cells(cells: NDArray[np.float64]) -> str:
    """Return cells (n, 3, 3) in A, rows are vectors, in single precision."""
    return _pack(cells.astype("<f4").tobytes())


def unpack_cells(text: str) -> NDArray[np.float64]:
    """Return cells (n, 3, 3) in A."""
    return np.frombuffer(_unpack(text), dtype="<f4").astype(np.float64).reshape(-1, 3, 3)


def runs(symbols: Sequence[str]) -> str:
    """Return symbols in their order with counts, e.g. ``Li 21 Zr 4 O 96``."""
    return " ".join(f"{symbol} {len(list(group))}" for symbol, group in groupby(symbols))


def shortened(value: Any) -> Any:
    """Return a number with `DIGITS` digits, None for one that is not finite or missing."""
    if not isinstance(value, float):
        return value
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def _pack(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content, 9)).decode("ascii")


def _unpack(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text, validate=True))
