"""Runs in threads that share an evaluator: the same results as alone, failures apart, never a deadlock."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from ase import Atoms

from aiida_hezsp.errors import ExplosionError, InputError
from aiida_hezsp.potential import (
    BatchingEvaluator,
    MdSettings,
    RelaxSettings,
    load_model,
    make_evaluator,
    relax,
    run_md,
)
from aiida_hezsp.potential.batching import BatchedCalculator
from aiida_hezsp.potential.device import choose_device
from aiida_hezsp.potential.factorised.batch import Batch
from aiida_hezsp.potential.factorised.evaluator import FactorisedEvaluator

pytestmark = pytest.mark.timeout(300)  # what waits for ever fails


def together(tasks):
    """Run functions in threads of their own; return what each returned or raised."""

    def attempt(task):
        try:
            return task()
        except Exception as error:  # noqa: BLE001 - tests look at it
            return error

    with ThreadPoolExecutor(len(tasks)) as threads:
        return list(threads.map(attempt, tasks))


def asking(evaluator, atoms, **wanted):
    def ask():
        with evaluator.run():
            return evaluator.evaluate(atoms.numbers, atoms.positions, atoms.cell.array, **wanted)

    return ask


@pytest.fixture
def shaken(crystals, perturbed):
    rng = np.random.default_rng(5)
    return [perturbed(atoms, rng) for atoms in crystals.values()]


@contextmanager
def joined(evaluator, number):
    """Hold the places of runs that have not asked yet, so that the first one waits for the last."""
    places = [evaluator.run() for _ in range(number)]
    for place in places:
        place.__enter__()
    yield places
    for place in places:
        place.__exit__(None, None, None)


def test_a_batch_gives_what_single_evaluations_give(pbe, shaken):
    single = make_evaluator(pbe, "torch")
    evaluator = BatchingEvaluator(pbe, device="cpu", patience=20)
    wishes = [{"stress": True}, {"magmoms": True}, {"forces": False}, {}]

    def member(atoms, wish):
        return lambda: evaluator.evaluate(atoms.numbers, atoms.positions, atoms.cell.array, **wish)

    with joined(evaluator, 4):
        results = together([member(*pair) for pair in zip(shaken, wishes, strict=True)])
    assert evaluator.batches == [4]
    for result, atoms, wish in zip(results, shaken, wishes, strict=True):
        alone = single.evaluate(atoms.numbers, atoms.positions, atoms.cell.array, **wish)
        assert result.energy == pytest.approx(alone.energy, abs=1e-5)
        for name in ("forces", "stress", "magmoms"):
            value, expected = getattr(result, name), getattr(alone, name)
            assert (value is None) == (expected is None), name
            if expected is not None:
                np.testing.assert_allclose(value, expected, atol=1e-5, err_msg=name)


def test_runs_leave_and_nobody_waits_for_them(pbe, shaken):
    """Runs of different lengths: the last ones are evaluated in ever smaller batches, without any patience needed."""
    evaluator = BatchingEvaluator(pbe, device="cpu", patience=1000)

    def run(atoms, steps):
        def go():
            with evaluator.run():
                for _ in range(steps):
                    evaluator.evaluate(atoms.numbers, atoms.positions, atoms.cell.array)
                return steps

        return go

    assert together([run(atoms, steps) for atoms, steps in zip(shaken, (1, 3, 6, 9), strict=True)]) == [1, 3, 6, 9]
    assert sum(evaluator.batches) == 19
    assert evaluator.batches[-3:] == [1, 1, 1]


def test_a_run_that_does_something_else_is_not_waited_for(pbe, shaken):
    evaluator = BatchingEvaluator(pbe, device="cpu", patience=0.05)
    with evaluator.run():  # never asks
        assert together([asking(evaluator, shaken[0])])[0].forces is not None


def test_a_batch_has_a_limit(pbe, shaken):
    evaluator = BatchingEvaluator(pbe, device="cpu", size=2, patience=20)
    together([asking(evaluator, atoms) for atoms in shaken])
    assert max(evaluator.batches) <= 2
    assert sum(evaluator.batches) == 4
    with pytest.raises(InputError, match="size of a batch is 0"):
        BatchingEvaluator(pbe, device="cpu", size=0)


def test_a_failure_reaches_only_the_run_that_caused_it(pbe, shaken):
    evaluator = BatchingEvaluator(pbe, device="cpu", patience=20)
    foreign = shaken[1].copy()
    foreign.numbers[0] = 200  # no such element: the pass as a whole fails
    runs = [shaken[0], foreign, shaken[2], shaken[3]]
    with joined(evaluator, 4):
        results = together(
            [lambda atoms=atoms: evaluator.evaluate(atoms.numbers, atoms.positions, atoms.cell.array) for atoms in runs]
        )
    assert evaluator.batches[0] == 4  # then in halves, the spoilt one in halves again; threads arrive in any order
    assert sorted(evaluator.batches[1:]) == [1, 1, 2, 2]
    assert [isinstance(result, Exception) for result in results] == [False, True, False, False]


def test_an_explosion_of_one_run_leaves_the_others_going(pbe, crystals):
    evaluator = BatchingEvaluator(pbe, device="cpu", patience=1000)
    settings = MdSettings(temperature=600, n_steps=8, seed=4, record_every=2, taut=20)
    quiet, other = crystals["LiF"].repeat((2, 1, 1)), crystals["Li2O"]
    crushed = Atoms("LiF", positions=[[0, 0, 0], [0.25, 0, 0]], cell=[5, 5, 5], pbc=True)

    def run(atoms):
        def go():
            with evaluator.run():
                return run_md(atoms, BatchedCalculator(evaluator), settings)

        return go

    first, failed, second = together([run(atoms) for atoms in (quiet, crushed, other)])
    assert isinstance(failed, ExplosionError)
    alone = run_md(quiet, BatchedCalculator(BatchingEvaluator(pbe, device="cpu")), settings)
    np.testing.assert_allclose(first.positions, alone.positions, atol=1e-4)
    assert second.positions.shape == (5, 2, 3)


def test_relaxations_together_reach_the_minima_they_reach_alone(pbe, shaken):
    evaluator = BatchingEvaluator(pbe, device="cpu", patience=1000)
    settings = RelaxSettings(fmax=0.01)
    shaken = shaken[:2]

    def run(atoms):
        def go():
            with evaluator.run():
                return relax(atoms, BatchedCalculator(evaluator), settings)

        return go

    results = together([run(atoms) for atoms in shaken])
    for result, atoms in zip(results, shaken, strict=True):
        alone = relax(atoms, BatchedCalculator(BatchingEvaluator(pbe, device="cpu")), settings)
        assert result.converged
        assert result.energy / len(atoms) == pytest.approx(alone.energy / len(atoms), abs=1e-4)


def test_many_runs_at_random_times_never_deadlock(pbe, crystals):
    evaluator = BatchingEvaluator(pbe, device="cpu", size=3, patience=0.02)
    atoms = crystals["LiF"]

    def run(seed):
        def go():
            rng = np.random.default_rng(seed)
            with evaluator.run():
                for _ in range(int(rng.integers(1, 8))):
                    time.sleep(rng.random() * 0.03)
                    evaluator.evaluate(atoms.numbers, atoms.positions, atoms.cell.array)
                if seed % 3 == 0:
                    raise ValueError("a run that fails")
                return seed

        return go

    results = together([run(seed) for seed in range(9)])
    assert [isinstance(result, ValueError) for result in results] == [seed % 3 == 0 for seed in range(9)]
    assert threading.active_count() < 9


def test_a_closed_evaluator_lets_everybody_go(pbe, crystals):
    evaluator = BatchingEvaluator(pbe, device="cpu", patience=1000)
    with evaluator.run():  # would be waited for
        thread = threading.Thread(target=lambda: together([asking(evaluator, crystals["LiF"])]))
        thread.start()
        time.sleep(0.1)
        evaluator.close()
        thread.join(30)
        assert not thread.is_alive()
    assert "the job has ended" in str(together([asking(evaluator, crystals["LiF"])])[0])


def test_the_device_is_the_one_meant():
    assert choose_device("cpu") == "cpu"
    assert choose_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="finds no CUDA device"):
            choose_device("cuda")


@pytest.mark.parametrize("version", ["0.2.0", "0.3.0"])
def test_nothing_is_left_behind_on_the_cpu(version, shaken, monkeypatch):
    """On torch's device without memory every operation refuses tensors that were not moved; only reading fails."""
    evaluator = FactorisedEvaluator(load_model(version), "meta")
    graphs = [evaluator.graph(atoms.numbers, atoms.positions, atoms.cell.array) for atoms in shaken]
    wanted = {"forces": True, "stress": True, "magmoms": True}
    end_of_the_pass = "Cannot copy out of meta tensor"
    with pytest.raises((RuntimeError, NotImplementedError), match=end_of_the_pass):
        evaluator.evaluate_graphs(graphs, **wanted)
    monkeypatch.setattr(Batch, "to", lambda batch, _: batch)
    with pytest.raises(RuntimeError) as caught:
        evaluator.evaluate_graphs(graphs, **wanted)
    assert end_of_the_pass not in str(caught.value)
