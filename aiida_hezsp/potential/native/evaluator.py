"""The native kernel behind the interface of evaluators."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aiida_hezsp.errors import InputError
from aiida_hezsp.potential.evaluation import Evaluation, Floats
from aiida_hezsp.potential.factorised.graph import build_graph
from aiida_hezsp.potential.native import why_not
from aiida_hezsp.potential.native.arrays import kernel_arrays

if TYPE_CHECKING:
    from chgnet.model import CHGNet

__all__ = ("NativeEvaluator",)


class NativeEvaluator:
    """Evaluator in C++ (float32, geometry in float64) with an analytic way back; the model's weights are copied.

    Stress comes with the forces, and moments with the energy, at no cost. On one thread results are the same bit for
    bit from run to run; on several they are too, for the same number of them.
    """

    def __init__(self, model: "CHGNet", threads: int = 1, instruction_set: str = "best") -> None:
        """Make an evaluator.

        Args:
            model: the model.
            threads: of this evaluator.
            instruction_set: `avx512`, `avx2`, `plain`, or `best` for the best this processor has.

        Raises:
            InputError: the kernel is not there, or the processor lacks the instruction set.
            ModelFileError: the architecture is none that the kernel knows.
        """
        reason = why_not()
        if reason is not None:
            raise InputError(reason)
        from aiida_hezsp.potential.native._kernel import NativeModel

        prepared = kernel_arrays(model)
        try:
            self._model = NativeModel(
                prepared.arrays, threads=threads, instruction_set=instruction_set, **prepared.settings
            )
        except ValueError as error:
            raise InputError(str(error)) from None
        self._cutoffs = prepared.settings["cutoff"], prepared.settings["angle_cutoff"]
        reference = model.composition_model
        self._references = (
            np.zeros(prepared.settings["elements"])
            if reference is None
            else reference.fc.weight[0].detach().double().numpy().copy()
        )

    @property
    def name(self) -> str:
        """The backend and the instructions in use."""
        return f"native {self._model.instruction_set}"

    def timings(self) -> dict[str, float]:
        """Return the seconds spent in each part of the kernel since the last call."""
        return self._model.timings()

    def evaluate(
        self,
        numbers: NDArray[np.integer[Any]],
        positions: Floats,
        cell: Floats,
        *,
        forces: bool = True,
        stress: bool = False,
        magmoms: bool = False,
    ) -> Evaluation:
        """Evaluate one structure; see `Evaluator`."""
        graph = build_graph(numbers, positions, cell, *self._cutoffs)
        species = np.asarray(numbers) - 1
        energy, slopes, virial, moments = self._model.evaluate(
            species.astype(np.int32),
            np.asarray(graph.centers, dtype=np.int32),
            np.asarray(graph.neighbors, dtype=np.int32),
            graph.vectors,
            graph.n_short,
            graph.first,
            graph.second,
            gradient=forces or stress,
            magmoms=magmoms,
        )
        return Evaluation(
            energy=energy + float(self._references[species].sum()),
            forces=slopes.reshape(-1, 3) if forces else None,
            stress=virial.reshape(3, 3) / graph.volume if stress else None,
            magmoms=moments if magmoms else None,
        )
