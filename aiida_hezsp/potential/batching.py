"""Many runs at once, each in a thread of its own, evaluated together: the layout for a GPU."""

import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ase.calculators.calculator import Calculator
from numpy.typing import NDArray

from aiida_hezsp.errors import InputError
from aiida_hezsp.potential.calculator import FastCHGNetCalculator
from aiida_hezsp.potential.device import Device, choose_device
from aiida_hezsp.potential.evaluation import Evaluation, Floats, as_model
from aiida_hezsp.potential.factorised.evaluator import FactorisedEvaluator

if TYPE_CHECKING:
    from chgnet.model import CHGNet

    from aiida_hezsp.potential.factorised.graph import Graph

__all__ = ("BatchedCalculator", "BatchingEvaluator")


class BatchingEvaluator:
    """Evaluator that several threads share: structures asked for at about the same time are evaluated in one pass.

    A thread that works on a run joins the group (`with evaluator.run(): ...`) and asks as if it were alone. It is
    parked until every run of the group has asked (or `size` have); then one of the parked threads evaluates all of them
    and hands the results out. A run that ends or fails leaves the group, and no one waits for it any longer; nor for a
    run that does something else (writing a file, say) for longer than `patience` seconds. An evaluation that fails is
    repeated in halves, so that a failure reaches only the run that caused it.

    What is evaluated together changes the last digits (1e-6 eV/A), and with them a chaotic trajectory.
    """

    def __init__(
        self, model: "CHGNet | str | Path", *, device: Device = "auto", size: int = 32, patience: float = 0.2
    ) -> None:
        """Load a model.

        Args:
            model: a CHGNet, a model file, or the name of a bundled model.
            device: where to compute.
            size: structures evaluated together, at most.
            patience: seconds that a batch waits for runs that have not asked.

        Raises:
            InputError: `size` is below 1, or there is no such device.
            ModelFileError: the model cannot be loaded, or its architecture cannot be factorised.
        """
        if size < 1:
            raise InputError(f"the size of a batch is {size}: at least 1 is needed")
        self.device = choose_device(device)
        self.size, self.patience = size, patience
        self.evaluator = FactorisedEvaluator(as_model(model), self.device)
        self.batches: list[int] = []  # how many structures the last passes held
        self._changed = threading.Condition()
        self._runs = 0
        self._busy = False
        self._waiting: list[_Request] = []
        self._closed = False

    @property
    def name(self) -> str:
        """The backend and the device."""
        return f"torch {self.device}, in batches of {self.size}"

    def close(self) -> None:
        """Answer no more: runs that ask or have asked fail, so that their threads end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @contextmanager
    def run(self) -> Iterator[None]:
        """Be one of the runs that batches wait for."""
        with self._changed:
            self._runs += 1
        try:
            yield
        finally:
            with self._changed:
                self._runs -= 1
                self._changed.notify_all()

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
        graph = self.evaluator.graph(numbers, positions, cell)  # here, in the thread of its run
        request = _Request(graph, {"forces": forces, "stress": stress, "magmoms": magmoms})
        with self._changed:
            self._waiting.append(request)
            self._changed.notify_all()
        while (batch := self._next_batch(request)) is not None:
            try:
                self._serve(batch)
            finally:
                self._finish(batch)
        if request.error is not None:
            raise request.error
        assert request.result is not None
        return request.result

    def _next_batch(self, request: "_Request") -> "list[_Request] | None":
        """Wait; return None when the request is served, or a batch that this thread is to serve."""
        with self._changed:
            while not request.done:
                if self._closed and not self._busy:
                    request.fail(RuntimeError("the job has ended"))
                    return None
                left = self.patience - (time.monotonic() - request.asked)
                complete = len(self._waiting) >= min(self._runs, self.size)
                if self._waiting and not self._busy and (complete or left <= 0):
                    self._busy = True
                    batch, self._waiting = self._waiting[: self.size], self._waiting[self.size :]
                    return batch
                self._changed.wait(None if self._busy else max(left, 0.001))
            return None

    def _serve(self, batch: "list[_Request]") -> None:
        """Evaluate a batch; where that fails, in halves."""
        self.batches = [*self.batches[-99:], len(batch)]
        wanted = {name: any(request.wanted[name] for request in batch) for name in batch[0].wanted}
        try:
            results = self.evaluator.evaluate_graphs([request.graph for request in batch], **wanted)
        except Exception as error:  # noqa: BLE001 - it belongs to one of the runs, which one is found out below
            half = len(batch) // 2
            if half == 0:
                batch[0].fail(error)
                return
            if "out of memory" in str(error):
                self.size = half
            self._serve(batch[:half])
            self._serve(batch[half:])
            return
        for request, result in zip(batch, results, strict=True):
            request.succeed(result)

    def _finish(self, batch: "list[_Request]") -> None:
        """Let the next batch begin; nobody waits for what was interrupted."""
        for request in batch:
            if not request.done:
                request.fail(RuntimeError("the evaluation was interrupted"))
        with self._changed:
            self._busy = False
            self._changed.notify_all()


class _Request:
    """A structure that waits for its evaluation."""

    def __init__(self, graph: "Graph", wanted: dict[str, bool]) -> None:
        self.graph, self.wanted = graph, wanted
        self.asked = time.monotonic()
        self.result: Evaluation | None = None
        self.error: Exception | None = None

    @property
    def done(self) -> bool:
        """Whether the request has been answered."""
        return self.result is not None or self.error is not None

    def succeed(self, result: Evaluation) -> None:
        """Take the result, without what another structure of the batch wanted."""
        kept = {name: getattr(result, name) if wanted else None for name, wanted in self.wanted.items()}
        self.result = Evaluation(energy=result.energy, **kept)

    def fail(self, error: Exception) -> None:
        """Take the error."""
        self.error = error


class BatchedCalculator(FastCHGNetCalculator):
    """ASE calculator of one run on an evaluator that many runs share."""

    def __init__(self, evaluator: BatchingEvaluator, always: Collection[str] = ("forces",), **kwargs: Any) -> None:
        """Make a calculator; `always` as in `FastCHGNetCalculator`, the model and its device are the evaluator's."""
        Calculator.__init__(self, **kwargs)
        self.evaluator = evaluator
        self.always = frozenset(always)
