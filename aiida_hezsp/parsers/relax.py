"""Parse a relaxation by the engine."""

from pathlib import Path
from typing import Any

from aiida_hezsp.data.structures import structure_data_from_engine
from aiida_hezsp.engine.files import read_json
from aiida_hezsp.engine.structures import atoms_from_entry
from aiida_hezsp.errors import StructureError
from aiida_hezsp.parsers.engine_job import EngineParser

__all__ = ("RelaxParser",)


class RelaxParser(EngineParser):
    """Make one StructureData per relaxed structure, entry point `hezsp.relax`."""

    EXPLODED = "ERROR_RELAXATION_EXPLODED"

    def parse_files(self, output: dict[str, Any], folder: Path) -> None:
        """Register `structures.<label>`."""
        del output
        for label, entry in read_json(folder / "relaxed.json", StructureError).items():
            atoms_from_entry(label, entry)  # refuses what is no structure, and says why
            self.out(f"structures.{label}", structure_data_from_engine(entry))
