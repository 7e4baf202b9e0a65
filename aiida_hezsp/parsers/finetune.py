"""Parse a fine-tuning by the engine."""

from pathlib import Path
from typing import Any

from aiida_hezsp.data import ChgnetModelData
from aiida_hezsp.parsers.engine_job import EngineParser, read_arrays

__all__ = ("FinetuneParser",)


class FinetuneParser(EngineParser):
    """Make the two models and the predictions, entry point `hezsp.finetune`."""

    def parse_files(self, output: dict[str, Any], folder: Path) -> None:
        """Register `model`, `best_model` and `predictions`."""
        del output
        engines = {*self.node.inputs.model.label_engines, *self.node.inputs.images.engines}
        for link, name in (("model", "final.safetensors"), ("best_model", "best.safetensors")):
            model = ChgnetModelData(folder / name)
            model.label_engines = engines
            self.out(link, model)
        self.out("predictions", read_arrays(folder / "predictions.npz"))
