"""Run molecular dynamics with CHGNet, restarting where a job is interrupted."""

from aiida_hezsp.calculations.md import MdCalculation
from aiida_hezsp.workflows.restarting import EngineRestartWorkChain

__all__ = ("MdWorkChain",)


class MdWorkChain(EngineRestartWorkChain):
    """Run one batch of structures, entry point `hezsp.md`.

    An interrupted job is continued from its restart points, to the same end as an uninterrupted one.
    """

    _process_class = MdCalculation
