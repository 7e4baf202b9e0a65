"""Restarts of pw.x: those of aiida-quantumespresso, but for relaxations at the walltime. Needs that plugin."""

from aiida import orm
from aiida.engine import ProcessHandlerReport, process_handler
from aiida.plugins import CalculationFactory
from aiida_quantumespresso.common.types import RestartType
from aiida_quantumespresso.workflows.pw.base import PwBaseWorkChain

from aiida_hezsp.calculations.pw_images import completed_steps

__all__ = ("PwWorkChain",)

PwCalculation = CalculationFactory("quantumespresso.pw")


class PwWorkChain(PwBaseWorkChain):
    """Run pw.x and restart it.

    A relaxation that was stopped at the walltime begins again at its last geometry, without its wave functions. The
    plugin would have pw.x go on with them, but give it the new cell: the plane waves of the two are not the same, and
    pw.x (6.7) ends with a wrong charge.
    """

    @process_handler(priority=581, exit_codes=[PwCalculation.exit_codes.ERROR_OUT_OF_WALLTIME])
    def handle_relaxation_out_of_walltime(self, calculation: orm.CalcJobNode) -> ProcessHandlerReport | None:
        """Restart from the last geometry; leave it to the plugin where the geometry is still the first one."""
        if "output_structure" not in calculation.outputs or completed_steps(calculation.outputs.retrieved) == 0:
            return None
        self.ctx.inputs.structure = calculation.outputs.output_structure
        self.set_restart_type(RestartType.FROM_SCRATCH)
        self.report_error_handled(calculation, "restarting from scratch from the last geometry")
        return ProcessHandlerReport(do_break=True)
