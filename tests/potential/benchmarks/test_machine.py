import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aiida_hezsp.potential.benchmarks.machine import (
    Watch,
    available_memory_mb,
    busy_line,
    cores,
    describe_machine,
    memory_mb,
)

BURN = "import time; end = time.process_time() + 0.6\nwhile time.process_time() < end: pass"
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux'")


def test_description():
    machine = describe_machine()
    assert machine.cpu
    assert machine.cores == cores() <= os.cpu_count()
    assert len(machine.load_average) == 3
    assert all(
        name.split("_")[0] in {"OMP", "GOMP", "KMP", "MKL", "OPENBLAS", "MALLOC"} for name in machine.environment
    )


@LINUX
def test_vector_instructions_are_those_of_the_system():
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    flags = next(line for line in lines if line.startswith(("flags", "Features"))).split()
    assert set(describe_machine().isa) <= set(flags)
    assert ("avx2" in describe_machine().isa) == ("avx2" in flags)


def busy_seconds():
    user, nice, system, _, _, irq, softirq = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


@LINUX
def test_our_own_work_and_that_of_our_children_is_not_others():
    """Others may be at work beside this test: the seconds of all must be theirs and ours."""
    watch, before = Watch(), busy_seconds()
    subprocess.run([sys.executable, "-c", BURN], check=True)
    seen, everything = watch.read(), busy_seconds() - before
    assert seen.other_cores * seen.wall_s == pytest.approx(everything - 0.6, abs=0.15)


@LINUX
def test_others_at_work_are_seen():
    with subprocess.Popen([sys.executable, "-c", BURN]) as other:
        watch = Watch()
        time.sleep(0.4)
        seen = watch.read()  # it has not ended: it counts as another's
        other.wait()
    assert seen.other_cores > 0.1


def test_only_a_busy_machine_is_warned_of():
    machine = describe_machine()
    idle = machine.model_copy(update={"other_cores": 0.02, "load_average": [2.0, 2.0, 2.0], "cores": 2})
    assert busy_line(idle) is None  # its load is that of what has just ended
    line = busy_line(idle.model_copy(update={"other_cores": 1.4}))
    assert line.startswith("the machine is busy (load average 2.0, 1.4 of 2 cores in use by others)")
    unknown = idle.model_copy(update={"other_cores": None})
    assert busy_line(unknown).startswith("the machine is busy (load average 2.0)")
    assert busy_line(unknown.model_copy(update={"load_average": [0.1, 0.1, 0.1]})) is None


@LINUX
def test_memory():
    pages = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    assert memory_mb() == pytest.approx(pages / 1e6, rel=0.1)
    assert 0 < available_memory_mb() < describe_machine().memory_gb * 1e3
