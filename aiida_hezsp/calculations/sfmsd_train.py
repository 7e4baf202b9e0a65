"""Train SF-MSD models on a table of features and MSD targets."""

import json
from typing import Any

from aiida import orm
from aiida.common.folders import Folder
from aiida.engine import CalcJobProcessSpec

from aiida_hezsp.calculations.engine_job import EngineCalculation
from aiida_hezsp.data import SfmsdModelData

__all__ = ("SfmsdTrainCalculation",)


class SfmsdTrainCalculation(EngineCalculation):
    """Search hyper-parameters and train the SF-MSD regressors, entry point `hezsp.sfmsd_train`."""

    JOB = "sfmsd-train"
    TABLE_FILE = "table.json"
    TEMPORARY_FILES = (("*.skops", ".", 1), ("*.sisso", ".", 1), ("*.json", ".", 1))

    @classmethod
    def define(cls, spec: CalcJobProcessSpec) -> None:
        """Declare the ports."""
        super().define(spec)
        spec.input("table", valid_type=orm.Dict, help="Features and targets, as `hezsp.training_table` makes it.")
        spec.output_namespace("models", valid_type=SfmsdModelData, dynamic=True, help="One model per kind.")

    def write_inputs(self, folder: Folder) -> dict[str, Any]:
        """Write the table."""
        with folder.open(self.TABLE_FILE, "w", encoding="utf8") as handle:
            json.dump(self.inputs.table.get_dict(), handle)
        return {"table": self.TABLE_FILE}
