"""Where a model is evaluated: on the CPU or on a GPU."""

import sys
from pathlib import Path
from typing import Literal

from aiida_hezsp.errors import InputError

__all__ = ("Device", "choose_device")

Device = Literal["auto", "cpu", "cuda"]
# What the drivers of NVIDIA, AMD and of Windows' Linux put there; without one, torch need not be loaded to know.
GPU_FILES = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")


def choose_device(device: Device) -> Literal["cpu", "cuda"]:
    """Return the device that is meant: `auto` is CUDA where torch finds a GPU.

    Raises:
        InputError: CUDA is asked for and not there.
    """
    if device == "cpu":
        return "cpu"
    if _may_have_gpu():
        import torch

        if torch.cuda.is_available():
            return "cuda"
    if device == "cuda":
        raise InputError("device is 'cuda', but torch finds no CUDA device here: choose auto or cpu")
    return "cpu"


def _may_have_gpu() -> bool:
    """Return whether this machine can have a GPU that torch uses."""
    return sys.platform != "linux" or any(Path(name).exists() for name in GPU_FILES)
