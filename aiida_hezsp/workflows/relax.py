"""Relax structures with CHGNet, restarting where a job is interrupted."""

from collections.abc import Mapping
from typing import Any

from aiida_hezsp.calculations.relax import RelaxCalculation
from aiida_hezsp.workflows.jobs import relax_parameters
from aiida_hezsp.workflows.restarting import EngineRestartWorkChain

__all__ = ("RelaxWorkChain",)


class RelaxWorkChain(EngineRestartWorkChain):
    """Relax one batch of structures, entry point `hezsp.relax`."""

    _process_class = RelaxCalculation

    @classmethod
    def parameters(cls, settings: Mapping[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters of the job."""
        del inputs
        return relax_parameters(settings)
