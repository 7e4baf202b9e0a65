"""The one interface behind which a CHGNet is evaluated."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.errors import InputError

if TYPE_CHECKING:
    from chgnet.model import CHGNet

__all__ = ("Backend", "Evaluation", "Evaluator", "as_model", "make_evaluator", "set_threads")

Backend = Literal["torch", "stock"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """What a model says about one periodic structure of n atoms; None where it was not asked for."""

    energy: float
    """Total energy, eV."""
    forces: Floats | None = None
    """(n, 3) eV/A."""
    stress: Floats | None = None
    """(3, 3) eV/A^3, tension positive."""
    magmoms: Floats | None = None
    """(n,) absolute values, mu_B."""


class Evaluator(Protocol):
    """Evaluates structures with one model, computing only what is asked for."""

    def evaluate(
        self,
        numbers: NDArray[np.integer],
        positions: Floats,
        cell: Floats,
        *,
        forces: bool = True,
        stress: bool = False,
        magmoms: bool = False,
    ) -> Evaluation:
        """Evaluate one structure.

        Args:
            numbers: (n,) atomic numbers.
            positions: (n, 3) A, Cartesian; they need not lie in the cell.
            cell: (3, 3) A, rows are vectors; periodic in all directions.
            forces: whether forces are wanted; likewise stress and magmoms.
        """


def make_evaluator(model: "CHGNet | str | Path", backend: Backend = "torch") -> Evaluator:
    """Return an evaluator of a model.

    Args:
        model: a CHGNet, a model file, or the name of a bundled model.
        backend: `torch`, the factorised evaluation; `stock`, chgnet's own code, for comparison and for architectures
            that cannot be factorised.

    Raises:
        InputError: there is no such backend.
        ModelFileError: the model cannot be loaded, or its architecture cannot be factorised.
    """
    if backend == "torch":
        from aiida_hezsp.potential.factorised.evaluator import FactorisedEvaluator

        return FactorisedEvaluator(as_model(model))
    if backend == "stock":
        from aiida_hezsp.potential.stock import StockEvaluator

        return StockEvaluator(as_model(model))
    raise InputError(f"backend {backend!r} does not exist: choose torch or stock")


def as_model(model: "CHGNet | str | Path") -> "CHGNet":
    """Return the CHGNet itself, loading it if a file or a name is given."""
    if isinstance(model, str | Path):
        from aiida_hezsp.potential.model_file import load_model

        return load_model(model)
    return model


def set_threads(threads: int) -> None:
    """Set how many threads torch uses in this process (it would take all cores of its own accord)."""
    import torch

    if threads < 1:
        raise InputError(f"threads is {threads}: at least 1 is needed")
    torch.set_num_threads(threads)
