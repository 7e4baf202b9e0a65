"""Fine-tune a CHGNet model on labelled images."""

from typing import Any

from aiida import orm
from aiida.common.folders import Folder
from aiida.engine import CalcJobProcessSpec

from aiida_hezsp.calculations.engine_job import EngineCalculation
from aiida_hezsp.calculations.ports import add_images, add_model, add_restart
from aiida_hezsp.data import ChgnetModelData

__all__ = ("FinetuneCalculation",)


class FinetuneCalculation(EngineCalculation):
    """Fine-tune CHGNet, entry point `hezsp.finetune`.

    Outputs two models, as the paper uses them (section 4.3): `best_model` (best validation MAE, for the test figures)
    and `model` (the last epoch, the calculator); errors before and after by split; predictions for parity plots.
    """

    JOB = "finetune"
    TEMPORARY_FILES = ("final.safetensors", "best.safetensors", "predictions.npz")
    RESTART_FOLDERS = ("checkpoint",)

    @classmethod
    def define(cls, spec: CalcJobProcessSpec) -> None:
        """Declare the ports."""
        super().define(spec)
        add_model(spec)
        add_images(spec)
        add_restart(spec)
        spec.output("model", valid_type=ChgnetModelData, help="The model after the last epoch: the calculator.")
        spec.output("best_model", valid_type=ChgnetModelData, help="The model of the best validation error.")
        spec.output("predictions", valid_type=orm.ArrayData, help="Reference and predicted values, before and after.")

    def write_inputs(self, folder: Folder) -> dict[str, Any]:
        """Write model and images."""
        return self.write_model(folder) | self.write_images(folder)
