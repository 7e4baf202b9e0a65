"""SISSO: linear models of few expressions out of millions, searched by screening and exhaustive selection."""

from importlib import import_module
from typing import Any

_HOME = {
    "Cost": "cost",
    "Expression": "expressions",
    "SISSORegressor": "regressor",
    "SissoModel": "models",
    "SissoSearch": "candidates",
}

__all__ = tuple(_HOME)


def __getattr__(name: str) -> Any:
    """Import a public name from its module when it is first asked for: numba takes a second."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
