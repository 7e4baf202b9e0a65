"""Sessions here are objects of the standard library: a spawned process can import nothing of the tests."""

import os
from importlib import import_module

import numpy as np
import pytest

from aiida_hezsp.errors import BenchmarkError, FamilyError
from aiida_hezsp.families import load_family
from aiida_hezsp.potential.benchmarks.crew import Crew, Session
from aiida_hezsp.potential.benchmarks.machine import memory_mb, peak_memory_mb


def test_one_works_here():
    with Crew(import_module, "os") as crew:
        assert crew.call("getpid") == [os.getpid()]


def test_several_work_elsewhere_and_each_answers():
    with Crew(import_module, "os", processes=2) as crew:
        first = crew.call("getpid")
        assert len({*first, os.getpid()}) == 3
        assert crew.call("getpid") == first  # sessions last
        assert crew.call("getppid") == [os.getpid()] * 2
    for pid in first:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_an_error_of_ours_comes_back_as_it_is():
    with pytest.raises(FamilyError, match="no family 'garnet'"):
        Crew(load_family, "garnet", fresh=True)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (("listdir", "/no/such/folder"), "FileNotFoundError"),
        (("_exit", 3), "ended with status 3"),
        (("abort",), "ended with status -6"),
    ],
)
def test_what_goes_wrong_elsewhere_is_one_line(call, message):
    with Crew(import_module, "os", fresh=True) as crew, pytest.raises(BenchmarkError, match=message) as caught:
        crew.call(*call)
    assert "\n" not in str(caught.value)


def test_a_session_that_cannot_be_made_is_one_line():
    with pytest.raises(BenchmarkError, match="ModuleNotFoundError"):
        Crew(import_module, "no_such_module", processes=2)


def test_memory_is_that_of_the_process_alone():
    """A child's `ru_maxrss` begins at what its parent held: ours must not."""
    ballast = np.ones(400 * 131_072)  # 400 MiB
    with Crew(import_module, "aiida_hezsp.potential.benchmarks.machine", fresh=True) as crew:
        ((peak,), (now,)) = crew.call("peak_memory_mb"), crew.call("memory_mb")
    assert 10 < now <= peak + 1 < 400 < peak_memory_mb()
    assert ballast.nbytes > 400e6


def test_a_session_tells_start_and_peak():
    """The system may take idle pages away at any time: what is held is measured, not worked out."""
    session = Session()
    session.start_mb = memory_mb()
    start, before = session.memory()
    ballast = np.ones(int(max(0.0, before - start) + 200) * 131_072)
    held = memory_mb()
    del ballast
    assert session.memory()[0] == start
    assert max(before, held) - 1 <= session.memory()[1] <= max(before, held) + 50
    assert memory_mb() < held - 100
