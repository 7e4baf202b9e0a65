"""Relax structures with a CHGNet model."""

from typing import Any

from aiida import orm
from aiida.common.folders import Folder
from aiida.engine import CalcJobProcessSpec

from aiida_hezsp.calculations.engine_job import EngineCalculation
from aiida_hezsp.calculations.ports import add_model, add_restart, add_structures

__all__ = ("RelaxCalculation",)


class RelaxCalculation(EngineCalculation):
    """Relax many structures (cell and positions, or positions only), entry point `hezsp.relax`.

    One output structure per input structure under the same label; a structure that fails is named in `results` and
    does not fail its neighbours.
    """

    JOB = "relax"
    TEMPORARY_FILES = ("relaxed.json",)
    RESTART_FOLDERS = ("restart",)

    @classmethod
    def define(cls, spec: CalcJobProcessSpec) -> None:
        """Declare the ports."""
        super().define(spec)
        add_model(spec)
        add_structures(spec)
        add_restart(spec)
        spec.exit_code(
            521,
            "ERROR_RELAXATION_EXPLODED",
            message="Every relaxation left everything physical (forces, volume, overlapping atoms): {message}",
            invalidates_cache=True,
        )
        spec.output_namespace("structures", valid_type=orm.StructureData, dynamic=True, help="The relaxed structures.")

    def write_inputs(self, folder: Folder) -> dict[str, Any]:
        """Write model and structures."""
        return self.write_model(folder) | self.write_structures(folder)
