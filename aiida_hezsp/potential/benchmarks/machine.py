"""The machine a benchmark runs on, who else uses it, and the memory of this process."""

import os
import platform
import resource
import sys
import time
from pathlib import Path

from aiida_hezsp.potential.benchmarks.results import Disturbance, Machine

__all__ = ("Watch", "available_memory_mb", "busy_line", "cores", "describe_machine", "memory_mb", "peak_memory_mb")

ISA = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_tile", "asimd", "sve")
THREAD_VARIABLES = ("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "MALLOC_")
BUSY_CORES, BUSY_LOAD = 0.2, 0.5  # in use by others; load a core, where that is not known
GLANCE = 0.5  # s to look at the machine before a benchmark begins


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe_machine() -> Machine:
    """Look at the machine for half a second, before the benchmark itself is at work."""
    watch = Watch()
    time.sleep(GLANCE)
    fields = _first_processor()
    total = _meminfo("MemTotal")
    return Machine(
        cpu=fields.get("model name", platform.processor() or platform.machine()),
        cpu_id=" ".join(f"{key} {fields[key]}" for key in ("cpu family", "model", "stepping") if key in fields),
        cores=cores(),
        isa=[flag for flag in ISA if flag in fields.get("flags", fields.get("Features", "")).split()],
        memory_gb=None if total is None else total / 1e6,
        platform=platform.platform(),
        load_average=list(os.getloadavg()),
        other_cores=watch.read().other_cores,
        environment={key: os.environ[key] for key in sorted(os.environ) if key.startswith(THREAD_VARIABLES)},
    )


def busy_line(machine: Machine) -> str | None:
    """Return a line for the reader if others use the machine, None if it is idle."""
    used, load = machine.other_cores, machine.load_average[0]
    if (used is None and load < BUSY_LOAD * machine.cores) or (used is not None and used < BUSY_CORES):
        return None
    others = "" if used is None else f", {used:.1f} of {machine.cores} cores in use by others"
    return f"the machine is busy (load average {load:.1f}{others}): wall times mean little, CPU times somewhat more"


class Watch:
    """Measures, from its making to each reading, how many cores others used (Linux: /proc/stat; None elsewhere)."""

    def __init__(self) -> None:
        self.begin, self.ours, self.all = time.perf_counter(), _our_seconds(), _machine_seconds()

    def read(self) -> Disturbance:
        """Return who else was at work; processes we have started count as ours once they have ended."""
        wall = time.perf_counter() - self.begin
        now = _machine_seconds()
        if now is None or self.all is None:
            return Disturbance(wall_s=wall, other_cores=None, stolen_cores=None)
        busy, stolen = (after - before for after, before in zip(now, self.all, strict=True))
        others = busy - (_our_seconds() - self.ours)
        return Disturbance(wall_s=wall, other_cores=max(0.0, others / wall), stolen_cores=stolen / wall)


def memory_mb() -> float:
    """Return the memory this process holds now, MB (its peak where the system does not say)."""
    return _status("VmRSS") or peak_memory_mb()


def peak_memory_mb() -> float:
    """Return the most memory this process has held, MB.

    On Linux VmHWM: `ru_maxrss` of a process begins at what its parent held when it was started.
    """
    scale = 1e6 if sys.platform == "darwin" else 1e3
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def available_memory_mb() -> float | None:
    """Return the memory that can be had without swapping, MB; None where the system does not say."""
    free = _meminfo("MemAvailable")
    return None if free is None else free / 1e3


def _our_seconds() -> float:
    """Return the CPU seconds of this process and of its ended children."""
    return sum(os.times()[:4])


def _machine_seconds() -> tuple[float, float] | None:
    """Return the seconds all cores were busy, and those that the hypervisor gave to others."""
    lines = _lines("/proc/stat")
    if not lines:
        return None
    user, nice, system, _, _, irq, softirq, stolen = (int(word) for word in lines[0].split()[1:9])
    tick = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + softirq) / tick, stolen / tick


def _first_processor() -> dict[str, str]:
    """Return what /proc/cpuinfo says of the first processor."""
    found: dict[str, str] = {}
    for line in _lines("/proc/cpuinfo"):
        if not line.strip():
            break
        key, _, value = line.partition(":")
        found[key.strip()] = value.strip()
    return found


def _meminfo(key: str) -> float | None:
    """Return an entry of /proc/meminfo, kB."""
    return next((float(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith(f"{key}:")), None)


def _status(key: str) -> float | None:
    """Return an entry of /proc/self/status, MB."""
    found = (float(line.split()[1]) / 1e3 for line in _lines("/proc/self/status") if line.startswith(f"{key}:"))
    return next(found, None)


def _lines(path: str) -> list[str]:
    """Return the lines of a file of Linux' /proc; none elsewhere."""
    try:
        return Path(path).read_text(encoding="utf8", errors="replace").splitlines()
    except OSError:
        return []
