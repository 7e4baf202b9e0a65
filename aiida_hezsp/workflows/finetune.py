"""Fine-tune CHGNet, restarting where the job is interrupted."""

from aiida_hezsp.calculations.finetune import FinetuneCalculation
from aiida_hezsp.workflows.restarting import EngineRestartWorkChain

__all__ = ("FinetuneWorkChain",)


class FinetuneWorkChain(EngineRestartWorkChain):
    """Run one fine-tuning, entry point `hezsp.finetune`; continued from its checkpoint where it was interrupted."""

    _process_class = FinetuneCalculation
