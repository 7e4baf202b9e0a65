"""Lines that tell a reader of the log how far a job is."""

import time
from collections.abc import Callable

__all__ = ("Progress", "say")


def say(text: str) -> None:
    """Print a line at once: logs are followed while the job runs."""
    print(text, flush=True)  # noqa: T201 - the log of the job is its standard output


class Progress:
    """Speaks every few seconds, however often it is told."""

    def __init__(self, speak: Callable[[str], None], total: int, unit: str = "steps", every_s: float = 5.0) -> None:
        self.speak, self.total, self.unit, self.every_s = speak, total, unit, every_s
        self.last = time.perf_counter()

    def step(self, done: int, per_second: float, note: str = "") -> None:
        """Report `done` of `total` at a speed; silent if the last line is too recent."""
        now = time.perf_counter()
        if now - self.last < self.every_s and done < self.total:
            return
        self.last = now
        left = clock((self.total - done) / per_second) if per_second > 0 else "?"
        self.speak(f"{done}/{self.total} {self.unit} {per_second:.3g} {self.unit}/s {left} left{note}")


def clock(seconds: float) -> str:
    """Return a duration as hh:mm:ss."""
    whole = round(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
