"""Parse a relaxation by the engine."""

import json
from pathlib import Path
from typing import Any

from aiida_hezsp.data.structures import structure_data_from_engine
from aiida_hezsp.parsers.engine_job import EngineParser

__all__ = ("RelaxParser",)


class RelaxParser(EngineParser):
    """Make one StructureData per relaxed structure, entry point `hezsp.relax`."""

    def parse_files(self, output: dict[str, Any], folder: Path) -> None:
        """Register `structures.<label>`."""
        del output
        with (folder / "relaxed.json").open(encoding="utf8") as handle:
            relaxed = json.load(handle)
        for label, entry in relaxed.items():
            self.out(f"structures.{label}", structure_data_from_engine(entry))
