"""Parse a training of SF-MSD models by the engine."""

from pathlib import Path
from typing import Any

from aiida_hezsp.data import SfmsdModelData
from aiida_hezsp.parsers.engine_job import EngineParser
from aiida_hezsp.sfmsd.models import kind_of

__all__ = ("SfmsdTrainParser",)


class SfmsdTrainParser(EngineParser):
    """Make one model node per kind, entry point `hezsp.sfmsd_train`."""

    def parse_files(self, output: dict[str, Any], folder: Path) -> None:
        """Register `models.<kind>`."""
        table = self.node.inputs.table.get_dict()
        for kind in output["metrics"]:
            model = SfmsdModelData(folder / f"{kind}{kind_of(kind).suffix}", folder / f"{kind}.json")
            model.label_engines = table["label_engines"]
            if "variant" in table:
                model.variant = table["variant"]
            self.out(f"models.{kind}", model)
