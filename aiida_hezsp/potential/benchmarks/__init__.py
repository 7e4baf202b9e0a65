"""Benchmarks: stock chgnet and this package in turn, on the same structure, in the same processes.

The names below are loaded when they are used: torch and chgnet take seconds to import.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "FinetuneBenchmark": "finetuning",
    "FinetuneReport": "results",
    "MdBenchmark": "md",
    "MdReport": "results",
    "RelaxBenchmark": "relaxation",
    "RelaxReport": "results",
    "benchmark_finetune": "finetuning",
    "benchmark_md": "md",
    "benchmark_relax": "relaxation",
}

__all__ = tuple(sorted(_HOME))


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
