"""What a killed job keeps: the result of every structure it had finished."""

import hashlib
import json
from pathlib import Path
from typing import Any

from aiida_hezsp.engine.files import plain, read_json, write_json
from aiida_hezsp.errors import InputError

__all__ = ("Finished",)


class Finished:
    """Results by label in `restart/`, each with the checksum of what it was made from."""

    FOLDER = "restart"

    def __init__(self, folder: Path, *parts: Any) -> None:
        """Keep results in a job's folder.

        Args:
            folder: of the job.
            parts: JSON data that, with the structure, decide a result (settings, checksum of the model).
        """
        self.folder = folder / self.FOLDER
        self.parts = parts
        for part in folder.glob("*/.*.part"):  # what a killed job was just writing
            part.unlink(missing_ok=True)

    def load(self, label: str, payload: Any) -> dict[str, Any] | None:
        """Return the result of a structure, or None if it is not finished or was made from something else."""
        path = self._path(label)
        if not path.exists():
            return None
        content = read_json(path, InputError)
        if not isinstance(content, dict) or content.get("made_from") != self._mark(payload):
            return None
        result = content.get("result")
        return result if isinstance(result, dict) else None

    def save(self, label: str, payload: Any, result: dict[str, Any]) -> None:
        """Keep a result."""
        write_json(self._path(label), {"made_from": self._mark(payload), "result": result})

    def _path(self, label: str) -> Path:
        return self.folder / f"{label}.json"

    def _mark(self, payload: Any) -> str:
        text = json.dumps(plain([self.parts, payload]), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()
