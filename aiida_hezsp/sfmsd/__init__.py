"""Stage two: structural features of relaxed structures, and regressors from them to the MSD (SF-MSD)."""

from importlib import import_module
from typing import Any

_HOME = {
    "KINDS": "models",
    "SISSORegressor": "sisso",
    "SissoSearch": "sisso",
    "SplitStep": "balance",
    "TrainSettings": "training",
    "TrainedModel": "trained",
    "TrainingTable": "table",
    "balance_targets": "balance",
    "clean_table": "balance",
    "continuous_symmetry_measure": "csm",
    "continuous_symmetry_measures": "csm",
    "extract_features": "features",
    "feature_definitions": "features",
    "first_peak": "rdf",
    "load_model": "files",
    "save_model": "files",
    "train": "training",
}

__all__ = tuple(_HOME)


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first asked for: scikit-learn is not needed for a CSM."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
