"""The part of a run over which its MSD is averaged or fitted."""

import math

from aiida_hezsp.errors import TrajectoryError

__all__ = ("WINDOW", "window_slice")

WINDOW = (0.2, 0.8)
"""Fractions of the run: dt in [20, 80] ps of the paper's 100 ps."""


def window_slice(n_frames: int, window: tuple[float, float] = WINDOW) -> slice:
    """Return the frames whose time difference lies in a window of the run.

    Args:
        n_frames: number of equally spaced frames; frame k is at the fraction k / (n_frames - 1) of the run.
        window: lower and upper fraction, both included.

    Raises:
        TrajectoryError: the window is not 0 <= low < high <= 1, or holds fewer than two frames.
    """
    low, high = window
    if not 0.0 <= low < high <= 1.0:
        raise TrajectoryError(f"window {tuple(window)}: two increasing fractions of the run within 0..1 are needed")
    # The tolerance keeps a frame that only rounding puts outside (0.2 * 10 = 2.0000000000000004).
    start = math.ceil(low * (n_frames - 1) - 1e-9)
    stop = math.floor(high * (n_frames - 1) + 1e-9) + 1
    if stop - start < 2:  # noqa: PLR2004 - a mean or a slope of one point is none
        raise TrajectoryError(
            f"a run of {n_frames} frames has {max(stop - start, 0)} in the window {low:g}..{high:g}: "
            "record more often, or run longer"
        )
    return slice(start, stop)
