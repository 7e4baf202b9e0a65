"""Run molecular dynamics with CHGNet, restarting where a job is interrupted."""

from collections.abc import Mapping
from typing import Any

from aiida_hezsp.calculations.md import MdCalculation
from aiida_hezsp.workflows.jobs import md_parameters
from aiida_hezsp.workflows.restarting import EngineRestartWorkChain

__all__ = ("MdWorkChain",)


class MdWorkChain(EngineRestartWorkChain):
    """Run one batch of structures, entry point `hezsp.md`.

    An interrupted job is continued from its restart points, to the same end as an uninterrupted one.
    """

    _process_class = MdCalculation

    @classmethod
    def parameters(cls, settings: Mapping[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters of the job."""
        return md_parameters(settings, settings["md"]["temperatures"][0], inputs.pop("mobile"))
