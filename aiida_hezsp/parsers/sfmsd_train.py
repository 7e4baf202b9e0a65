"""Parse a training of SF-MSD models by the engine."""

from pathlib import Path
from typing import Any

from aiida_hezsp.data import SfmsdModelData
from aiida_hezsp.parsers.engine_job import EngineParser

__all__ = ("SfmsdTrainParser",)


class SfmsdTrainParser(EngineParser):
    """Make one model node per kind, entry point `hezsp.sfmsd_train`."""

    def parse_files(self, output: dict[str, Any], folder: Path) -> None:
        """Register `models.<kind>`."""
        for kind in output["metrics"]:
            model = SfmsdModelData(folder / f"{kind}.skops", folder / f"{kind}.json")
            model.label_engines = self.node.inputs.table["label_engines"]
            self.out(f"models.{kind}", model)
