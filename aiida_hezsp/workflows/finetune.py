"""Fine-tune CHGNet, restarting where the job is interrupted."""

from collections.abc import Mapping
from typing import Any

from aiida_hezsp.calculations.finetune import FinetuneCalculation
from aiida_hezsp.workflows.jobs import finetune_parameters
from aiida_hezsp.workflows.restarting import EngineRestartWorkChain

__all__ = ("FinetuneWorkChain",)


class FinetuneWorkChain(EngineRestartWorkChain):
    """Run one fine-tuning, entry point `hezsp.finetune`; continued from its checkpoint where it was interrupted."""

    _process_class = FinetuneCalculation

    @classmethod
    def parameters(cls, settings: Mapping[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
        """Return the parameters of the job."""
        return finetune_parameters(settings, f"{inputs.pop('stage')}_finetune", inputs.pop("holdout", []))
