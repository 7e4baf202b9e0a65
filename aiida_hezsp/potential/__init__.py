"""CHGNet: model files, evaluation, relaxation, molecular dynamics, fine-tuning, and the images it learns from.

The names below are loaded when they are used: torch and chgnet take seconds to import.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "BatchingEvaluator": "batching",
    "Evaluation": "evaluation",
    "Evaluator": "evaluation",
    "FastCHGNetCalculator": "calculator",
    "FinetuneSettings": "finetune_settings",
    "ImageSet": "images",
    "MdSettings": "md_settings",
    "RelaxResult": "relaxation",
    "RelaxSettings": "relaxation",
    "Trajectory": "trajectory",
    "energy_outliers": "selection",
    "evaluate": "scoring",
    "finetune": "finetuning",
    "images_from_atoms": "image_files",
    "load_model": "model_file",
    "make_evaluator": "evaluation",
    "read_extxyz": "image_files",
    "relax": "relaxation",
    "relaxation_image_indices": "selection",
    "run_md": "md",
    "save_model": "model_file",
    "transition_counts": "selection",
    "transition_image_indices": "selection",
}

__all__ = tuple(sorted(_HOME))


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
