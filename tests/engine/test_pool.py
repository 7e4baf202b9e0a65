import os
import signal
import time

import pytest

from aiida_hezsp.engine import pool
from aiida_hezsp.engine.pool import run_tasks
from aiida_hezsp.engine.progress import Board, Standing
from aiida_hezsp.errors import ModelFileError, StructureError


class Doubling:
    """A task that can go wrong in every way."""

    def __init__(self, context):
        if context == "damaged":
            raise ModelFileError("the model is damaged")
        self.context = context

    def __call__(self, label, payload, speak):  # noqa: ARG002
        speak(Standing(1, f" works on {payload}"))
        if payload == "wrong":
            raise StructureError("two atoms on one place")
        if payload == "bug":
            raise ZeroDivisionError("a bug")
        if payload == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if payload == "slow":
            time.sleep(0.5)
        return (self.context, payload * 2, os.getpid())


class Heard(Board):
    """A board that remembers what it was told."""

    def __init__(self):
        super().__init__("job", 9, 9)
        self.notes = []

    def hear(self, label, standing):
        super().hear(label, standing)
        self.notes.append(f"{label}{standing.note}")


@pytest.mark.parametrize("workers", [1, 2, 9])
def test_failures_do_not_reach_neighbours(workers, capfd):
    payloads = {"a": 1, "b": "wrong", "c": 3, "d": "bug", "e": 5}
    board = Heard()
    outcomes = {outcome.label: outcome for outcome in run_tasks(Doubling, "ctx", payloads, workers, board)}
    assert outcomes.keys() == payloads.keys()
    assert outcomes["a"].result[:2] == ("ctx", 2)
    assert outcomes["e"].result[:2] == ("ctx", 10)
    assert outcomes["b"].error == "two atoms on one place"
    assert outcomes["d"].error == "ZeroDivisionError: a bug"
    codes = [outcomes[label].error_code for label in "abcde"]
    assert codes == [None, "ERROR_STRUCTURE", None, "ERROR_UNEXPECTED", None]
    assert sorted(board.notes) == [f"{label} works on {payload}" for label, payload in payloads.items()]
    assert "Traceback" in capfd.readouterr().err
    pids = {outcome.result[2] for outcome in outcomes.values() if outcome.result}
    assert (pids == {os.getpid()}) == (workers == 1)
    assert len(pids) <= min(workers, 3)


def test_a_process_that_dies_is_replaced():
    payloads = {"a": "die", "b": 2, "c": "die", "d": 4, "e": 5}
    outcomes = {outcome.label: outcome for outcome in run_tasks(Doubling, None, payloads, 2, Heard())}
    assert outcomes["a"].error == outcomes["c"].error == "the process ended with status -9"
    assert [outcomes[label].result[1] for label in "bde"] == [4, 8, 10]


def test_outcomes_come_as_they_finish():
    labels = [outcome.label for outcome in run_tasks(Doubling, None, {"a": "slow", "b": 1}, 2, Heard())]
    assert labels == ["b", "a"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_cannot_be_made_fails_the_job(workers):
    with pytest.raises(ModelFileError, match="damaged"):
        list(run_tasks(Doubling, "damaged", {"a": 1, "b": 2}, workers, Heard()))


class Stillborn:
    """A task whose process ends before it can be given anything."""

    def __init__(self, context):  # noqa: ARG002
        os._exit(3)


@pytest.fixture
def dead_at_first(monkeypatch):
    """Every process has ended by the time that its first task is handed out."""

    class Worker(pool._Worker):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.process.join()

    monkeypatch.setattr(pool, "_Worker", Worker)


@pytest.mark.usefixtures("dead_at_first")
def test_no_task_is_lost_where_processes_die_before_they_are_given_one():
    payloads = {"a": 1, "b": 2, "c": 3}
    outcomes = list(run_tasks(Stillborn, None, payloads, 2, Heard()))
    assert sorted(outcome.label for outcome in outcomes) == list(payloads)
    assert {outcome.error for outcome in outcomes} == {"the process ended with status 3"}
    assert {outcome.error_code for outcome in outcomes} == {"ERROR_PROCESS_DIED"}


@pytest.mark.usefixtures("dead_at_first")
def test_a_task_that_cannot_be_made_is_heard_of_after_the_process_has_ended():
    with pytest.raises(ModelFileError, match="damaged"):
        list(run_tasks(Doubling, "damaged", {"a": 1, "b": 2}, 2, Heard()))


def test_nothing_to_do():
    assert list(run_tasks(Doubling, "damaged", {}, 4, Heard())) == []
