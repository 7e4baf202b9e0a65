"""The one interface behind which a CHGNet is evaluated."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.errors import InputError, ModelFileError

if TYPE_CHECKING:
    from chgnet.model import CHGNet

__all__ = ("Backend", "Evaluation", "Evaluator", "as_model", "make_evaluator", "set_threads")

Backend = Literal["auto", "native", "torch", "stock"]
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

    @property
    def name(self) -> str:
        """The backend, with what matters of it: `native avx512`, `torch`, `stock`."""

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


def make_evaluator(
    model: "CHGNet | str | Path", backend: Backend = "auto", threads: int = 1, instruction_set: str = "best"
) -> Evaluator:
    """Return an evaluator of a model.

    Args:
        model: a CHGNet, a model file, or the name of a bundled model.
        backend: `native`, the compiled kernel; `torch`, the factorised evaluation in PyTorch; `stock`, chgnet's own
            code, for comparison and for architectures that cannot be factorised; `auto`, native where it was built and
            knows the architecture, torch otherwise.
        threads: of this process. Two processes of one thread beat one of two.
        instruction_set: of the native kernel: `avx512`, `avx2`, `plain`, or `best` for the best the processor has.

    Raises:
        InputError: there is no such backend, or it was not built.
        ModelFileError: the model cannot be loaded, or its architecture is none the backend knows.
    """
    set_threads(threads)
    if backend in ("auto", "native"):
        from aiida_hezsp.potential.native import why_not
        from aiida_hezsp.potential.native.evaluator import NativeEvaluator

        model = as_model(model)
        if backend == "native":
            return NativeEvaluator(model, threads, instruction_set)
        if why_not() is None:
            with suppress(ModelFileError):
                return NativeEvaluator(model, threads, instruction_set)
    if backend in ("auto", "torch"):
        from aiida_hezsp.potential.factorised.evaluator import FactorisedEvaluator

        return FactorisedEvaluator(as_model(model))
    if backend == "stock":
        from aiida_hezsp.potential.stock import StockEvaluator

        return StockEvaluator(as_model(model))
    raise InputError(f"backend {backend!r} does not exist: choose one of {', '.join(get_args(Backend))}")


def as_model(model: "CHGNet | str | Path") -> "CHGNet":
    """Return the CHGNet itself, loading it if a file or a name is given."""
    if isinstance(model, str | Path):
        from aiida_hezsp.potential.model_file import load_model

        return load_model(model)
    return model


def set_threads(threads: int) -> None:
    """Set how many threads torch, OpenMP and BLAS use in this process (they would take all cores of their own accord).

    BLAS matters: the cell filters of relaxations solve systems of a few rows, for which threads cost more than they do.
    """
    import torch
    from threadpoolctl import threadpool_limits

    if threads < 1:
        raise InputError(f"threads is {threads}: at least 1 is needed")
    torch.set_num_threads(threads)
    threadpool_limits(limits=threads, user_api="openmp")
    threadpool_limits(limits=1, user_api="blas")
