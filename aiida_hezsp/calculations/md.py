"""Molecular dynamics with a CHGNet model."""

from typing import Any

from aiida import orm
from aiida.common.folders import Folder
from aiida.engine import CalcJobProcessSpec

from aiida_hezsp.calculations.engine_job import EngineCalculation
from aiida_hezsp.calculations.ports import add_model, add_restart, add_structures

__all__ = ("MdCalculation",)


class MdCalculation(EngineCalculation):
    """NVT molecular dynamics of many structures, entry point `hezsp.md`.

    One trajectory per structure under the same label: the mobile ions' unwrapped positions (float32, framework drift
    removed), thermodynamics and the MSD curve; full frames only where the parameters ask for them.
    """

    JOB = "md"
    TEMPORARY_FILES = (("trajectories/*.npz", ".", 2),)
    RESTART_FOLDERS = ("restart", "trajectories")

    @classmethod
    def define(cls, spec: CalcJobProcessSpec) -> None:
        """Declare the ports."""
        super().define(spec)
        add_model(spec)
        add_structures(spec)
        add_restart(spec)
        spec.exit_code(
            520,
            "ERROR_MD_EXPLODED",
            message="Every run left everything physical (temperature, lost or overlapping atoms): {message}",
            invalidates_cache=True,
        )
        spec.output_namespace(
            "trajectories",
            valid_type=orm.ArrayData,
            dynamic=True,
            help="Arrays positions (frames, ions, 3) A, times fs, temperatures K, potential_energies eV, msd A^2, "
            "cell A; frames (n, atoms, 3) A and frame_times fs where asked for.",
        )

    def write_inputs(self, folder: Folder) -> dict[str, Any]:
        """Write model and structures."""
        return self.write_model(folder) | self.write_structures(folder)
