"""Parse an evaluation by the engine."""

from pathlib import Path
from typing import Any

from aiida_hezsp.parsers.engine_job import EngineParser, read_arrays

__all__ = ("EvaluateParser",)


class EvaluateParser(EngineParser):
    """Make the predictions node, entry point `hezsp.evaluate`."""

    def parse_files(self, output: dict[str, Any], folder: Path) -> None:
        """Register `predictions`."""
        del output
        self.out("predictions", read_arrays(folder / "predictions.npz"))
