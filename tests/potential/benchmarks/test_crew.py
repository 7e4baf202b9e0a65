"""Sessions here are objects of the standard library: a spawned process can import nothing of the tests."""

import mmap
import os
from importlib import import_module

import numpy as np
import pytest

from aiida_hezsp.errors import BenchmarkError, FamilyError
from aiida_hezsp.families import load_family
from aiida_hezsp.potential.benchmarks.crew import Crew, Session
from aiida_hezsp.potential.benchmarks.machine import memory_mb


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
    assert 10 < now <= peak + 1 < 400 < memory_mb()
    assert ballast.nbytes > 400e6


def test_a_session_tells_start_and_peak():
    """Memory of its own mapping: malloc may hand out, and keep, what the process has held before."""
    session = Session()
    session.start_mb = memory_mb()
    start, before = session.memory()
    with mmap.mmap(-1, int(before - start + 200) << 20) as ballast:
        for page in range(0, len(ballast), mmap.PAGESIZE):
            ballast[page] = 1
        held, size = memory_mb(), len(ballast) / 1e6
    assert session.memory()[0] == start
    assert session.memory()[1] == pytest.approx(start + size, abs=50)
    assert session.memory()[1] == pytest.approx(held, abs=5)
    assert memory_mb() < held - 100
