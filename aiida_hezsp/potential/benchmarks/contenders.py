"""Who competes: stock chgnet as it is used, stock told to compute forces only, and the backends of this package."""

import contextlib
import io
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args

from aiida_hezsp.errors import HezspError
from aiida_hezsp.potential.evaluation import Backend, as_model, make_evaluator

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator
    from chgnet.model import CHGNet

__all__ = (
    "BACKENDS",
    "STOCK",
    "STOCK_FORCES",
    "available",
    "hush",
    "make_calculator",
    "quiet",
    "stock_calculator",
    "title_of",
)

STOCK, STOCK_FORCES = "stock", "stock-forces"
BACKENDS = tuple(name for name in get_args(Backend) if name not in {"auto", STOCK})
"""Backends that compete with stock."""
TITLES = {STOCK: "stock chgnet", STOCK_FORCES: "stock, forces only"}


def title_of(contender: str) -> str:
    """Return the name of a contender as it is read."""
    return TITLES.get(contender, f"aiida-hezsp {contender}")


def available(model: str, chosen: Sequence[str] = ()) -> tuple[list[str], dict[str, str]]:
    """Return the backends that compete, and those left out with the reason.

    Args:
        model: a bundled name or a model file.
        chosen: backends that are asked for; by default all that this installation has.

    Raises:
        HezspError: one that is asked for cannot be had, or the model cannot be loaded.
    """
    loaded = as_model(model)
    if chosen:
        for name in chosen:
            make_evaluator(loaded, name)  # type: ignore[arg-type]  # a wrong name is refused there
        return list(dict.fromkeys(chosen)), {}
    found, left_out = [], {}
    for name in BACKENDS:
        try:
            make_evaluator(loaded, name)
        except HezspError as error:
            left_out[name] = str(error)
        else:
            found.append(name)
    return found, left_out


def make_calculator(contender: str, model: str, threads: int) -> "Calculator":
    """Return the ASE calculator of a contender."""
    if contender == STOCK:
        return stock_calculator(as_model(model))
    if contender == STOCK_FORCES:
        return _forces_only(as_model(model))
    from aiida_hezsp.potential.calculator import FastCHGNetCalculator

    return FastCHGNetCalculator(model, backend=contender, threads=threads)  # type: ignore[arg-type]


def stock_calculator(model: "CHGNet") -> Any:
    """Return chgnet's calculator as its users make it: every call computes energy, forces, stress and moments."""
    from chgnet.model.dynamics import CHGNetCalculator

    hush()
    with quiet():
        return CHGNetCalculator(model, use_device="cpu")


def _forces_only(model: "CHGNet") -> Any:
    """Return chgnet's calculator with its own switch `task` set to energy and forces."""
    from chgnet.model.dynamics import CHGNetCalculator

    class ForcesOnly(CHGNetCalculator):  # type: ignore[misc]
        def calculate(self, atoms: Any = None, properties: Any = None, system_changes: Any = None) -> None:
            super().calculate(atoms, properties, system_changes, task="ef")

    hush()
    with quiet():
        return ForcesOnly(model, use_device="cpu")


def quiet() -> "contextlib.redirect_stdout[io.StringIO]":
    """Keep chgnet's prints away from our output."""
    return contextlib.redirect_stdout(io.StringIO())


def hush() -> None:
    """Silence warnings of torch and scipy about what chgnet and ASE do, which stock would print at every step."""
    warnings.filterwarnings("ignore", message="Converting a tensor with requires_grad", category=UserWarning)
    warnings.filterwarnings("ignore", message="logm result may be inaccurate", category=RuntimeWarning)
