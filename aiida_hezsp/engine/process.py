"""Set up a process for many evaluations: threads, memory that is kept, an end when the parent ends."""

import ctypes
import signal
import sys
from typing import Any

from aiida_hezsp.potential.evaluation import set_threads

__all__ = ("end_with_parent", "prepare_process")

# Numbers of mallopt's parameters (malloc.h), and the values they get.
KEEP = {-1: 1 << 30, -2: 1 << 26, -3: 1 << 25}  # M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD
PR_SET_PDEATHSIG = 1


def prepare_process(threads: int) -> None:
    """Set torch's threads; let glibc keep what is freed.

    An evaluation takes and frees tensors of megabytes; given back to the system each time, their pages are zeroed again
    at the next: 12,000 page faults and a seventh of the time of a step of 160 atoms.
    """
    set_threads(threads)
    mallopt = _c_function("mallopt")
    if mallopt is not None:
        for parameter, value in KEEP.items():
            mallopt(parameter, value)


def end_with_parent() -> None:
    """Let the kernel end this process when its parent ends, however that happens (elsewhere it notices later)."""
    prctl = _c_function("prctl")
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _c_function(name: str) -> Any:
    """Return a function of Linux' C library, or None where there is none of that name."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
