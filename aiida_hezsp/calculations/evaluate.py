"""Errors of a CHGNet model on labelled images."""

from typing import Any

from aiida import orm
from aiida.common.folders import Folder
from aiida.engine import CalcJobProcessSpec

from aiida_hezsp.calculations.engine_job import EngineCalculation
from aiida_hezsp.calculations.ports import add_images, add_model, add_restart

__all__ = ("EvaluateCalculation",)


class EvaluateCalculation(EngineCalculation):
    """Evaluate a CHGNet model on labelled images, entry point `hezsp.evaluate`."""

    JOB = "evaluate"
    TEMPORARY_FILES = ("predictions.npz",)
    RESTART_FOLDERS = ("restart",)

    @classmethod
    def define(cls, spec: CalcJobProcessSpec) -> None:
        """Declare the ports."""
        super().define(spec)
        add_model(spec)
        add_images(spec)
        add_restart(spec)
        spec.output("predictions", valid_type=orm.ArrayData, help="Reference and predicted values.")

    def write_inputs(self, folder: Folder) -> dict[str, Any]:
        """Write model and images."""
        return self.write_model(folder) | self.write_images(folder)
