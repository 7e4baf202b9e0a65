"""Set up a process for many evaluations of one size: threads, and memory that is kept instead of asked for anew."""

import ctypes
import sys

from aiida_hezsp.potential.evaluation import set_threads

__all__ = ("prepare_process",)

# Numbers of mallopt's parameters (malloc.h), and the values they get.
KEEP = {-1: 1 << 30, -2: 1 << 26, -3: 1 << 25}  # M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD


def prepare_process(threads: int) -> None:
    """Set torch's threads; let glibc keep what is freed.

    An evaluation takes and frees tensors of megabytes; given back to the system each time, their pages are zeroed again
    at the next: 12,000 page faults and a seventh of the time of a step of 160 atoms.
    """
    set_threads(threads)
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # other C libraries have none
        for parameter, value in KEEP.items():
            mallopt(parameter, value)
