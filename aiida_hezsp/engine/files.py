"""JSON files of a job: strict JSON, written whole or not at all."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiida_hezsp.errors import HezspError, InputError
from aiida_hezsp.potential.arrays import write_atomically

__all__ = ("plain", "read_json", "write_json")

MAX_BYTES = 1024**3


def read_json(path: Path, error: type[HezspError] = InputError) -> Any:
    """Return the content of a JSON file.

    Raises:
        HezspError: of the given kind; the file is missing, too large, or not JSON.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise error(f"{path} is larger than {MAX_BYTES} bytes")
        return json.loads(path.read_text(encoding="utf8"), parse_constant=_refuse)
    except FileNotFoundError:
        raise error(f"{path.name} is not in the folder {path.parent.resolve()}") from None
    except (OSError, ValueError, RecursionError) as problem:
        raise error(f"{path.name} cannot be read as JSON: {problem}") from problem


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON atomically; numbers that are not finite become null."""
    with write_atomically(path) as handle:
        handle.write(json.dumps(plain(content), indent=1, allow_nan=False).encode("utf8"))


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: numpy numbers and arrays, tuples, paths translated; NaN and infinities null."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(entry) for entry in value]
    if hasattr(value, "tolist"):  # numpy scalars and arrays
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON number")
