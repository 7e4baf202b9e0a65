"""Where the time of a molecular dynamics step goes."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiida_hezsp.potential.benchmarks.results import Profile

if TYPE_CHECKING:
    from ase import Atoms
    from chgnet.model.dynamics import MolecularDynamics

    from aiida_hezsp.potential.evaluation import Evaluation, Evaluator

__all__ = ("profile_step",)

GFLOP_PER_ATOM = 3.9 / 160  # of the factorised network with an analytic reverse pass, for LZSP at equilibrium density
GEMM_SIZE = 1024
REPEATS = 5


def profile_step(run: "MolecularDynamics", contender: str, model: str, threads: int, steps: int) -> Profile:
    """Time a run of ours by stages.

    The graph is timed by itself, on the last frame. An evaluator that has `timings() -> dict[str, float]` (seconds by
    stage since the last call) tells what else it does.

    Args:
        run: has warmed up; its calculator is a `FastCHGNetCalculator`.
        contender: its name.
        model: whose cutoffs make the graph.
        threads: of the process.
        steps: to run.
    """
    calculator = run.atoms.calc
    timed = _Timed(calculator.evaluator)
    calculator.evaluator = timed
    begin = time.perf_counter()
    run.run(steps)
    wall = time.perf_counter() - begin
    calculator.evaluator = timed.evaluator
    stages = {"graph": steps * _graph_seconds(run.atoms, model)} | timed.stages()
    stages["evaluation" if len(stages) == 1 else "rest of the evaluation"] = timed.seconds - sum(stages.values())
    stages["integrator"] = wall - timed.seconds
    gflops = gemm_gflops()
    return Profile(
        contender=contender,
        threads=threads,
        steps=steps,
        step_ms=1e3 * wall / steps,
        stages_ms={name: 1e3 * seconds / steps for name, seconds in stages.items()},
        gemm_gflops=gflops,
        floor_ms=1e3 * GFLOP_PER_ATOM * len(run.atoms) / gflops,
    )


def gemm_gflops() -> float:
    """Return the speed of torch's product of large float32 matrices with the threads set, GFLOP/s."""
    import torch

    matrix = torch.rand(GEMM_SIZE, GEMM_SIZE)
    best = min(_seconds(lambda: torch.mm(matrix, matrix)) for _ in range(REPEATS))
    return 2 * GEMM_SIZE**3 / best / 1e9


class _Timed:
    """An evaluator with a clock."""

    def __init__(self, evaluator: "Evaluator") -> None:
        self.evaluator, self.seconds = evaluator, 0.0
        self._own: Callable[[], dict[str, float]] | None = getattr(evaluator, "timings", None)
        if self._own is not None:
            self._own()  # from now on

    def evaluate(self, *arguments: Any, **wanted: Any) -> "Evaluation":
        """Evaluate one structure; see `Evaluator`."""
        begin = time.perf_counter()
        result = self.evaluator.evaluate(*arguments, **wanted)
        self.seconds += time.perf_counter() - begin
        return result

    def stages(self) -> dict[str, float]:
        """Return the seconds spent in the stages that the evaluator tells of."""
        return {} if self._own is None else self._own()


def _graph_seconds(atoms: "Atoms", model: str) -> float:
    """Return how long the graph takes: CPU time, which others at work disturb less; it is made on one thread."""
    from aiida_hezsp.potential.evaluation import as_model
    from aiida_hezsp.potential.factorised.graph import build_graph

    converter = as_model(model).graph_converter
    cutoffs = converter.atom_graph_cutoff, converter.bond_graph_cutoff
    numbers, positions, cell = atoms.numbers, atoms.positions, atoms.cell.array
    begin = time.process_time()
    for _ in range(REPEATS):
        build_graph(numbers, positions, cell, *cutoffs)
    return (time.process_time() - begin) / REPEATS


def _seconds(work: Callable[[], Any]) -> float:
    """Time a piece of work."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
