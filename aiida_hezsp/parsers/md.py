"""Parse molecular dynamics by the engine."""

from pathlib import Path
from typing import Any

from aiida_hezsp.parsers.engine_job import EngineParser, read_arrays

__all__ = ("MdParser",)


class MdParser(EngineParser):
    """Make one ArrayData per trajectory, entry point `hezsp.md`."""

    EXPLODED = "ERROR_MD_EXPLODED"

    def parse_files(self, output: dict[str, Any], folder: Path) -> None:
        """Register `trajectories.<label>` of every structure that was finished."""
        for label, entry in output["results"].items():
            if entry["error"] is None:
                self.out(f"trajectories.{label}", read_arrays(folder / "trajectories" / f"{label}.npz"))
