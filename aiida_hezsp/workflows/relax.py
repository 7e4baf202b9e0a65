"""Relax structures with CHGNet, restarting where a job is interrupted."""

from aiida_hezsp.calculations.relax import RelaxCalculation
from aiida_hezsp.workflows.restarting import EngineRestartWorkChain

__all__ = ("RelaxWorkChain",)


class RelaxWorkChain(EngineRestartWorkChain):
    """Relax one batch of structures, entry point `hezsp.relax`."""

    _process_class = RelaxCalculation
