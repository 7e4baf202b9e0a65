"""Lines that tell a reader of the log how far a job is."""

import time
from collections.abc import Callable
from typing import NamedTuple

__all__ = ("Board", "Progress", "Reporter", "Standing", "clock", "say")

SHOWN = 4  # structures named in a line


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


class Standing(NamedTuple):
    """How far one structure is: steps done, and what else is to be said of it."""

    done: int
    note: str = ""


class Reporter:
    """Sends the standing of one structure to the board, not more often than anybody reads it."""

    def __init__(self, speak: Callable[[Standing], None], every_s: float = 2.0) -> None:
        self.speak, self.every_s = speak, every_s
        self.last = -every_s

    def step(self, done: int, note: str = "") -> None:
        """Report; silent if the last report is too recent."""
        now = time.perf_counter()
        if now - self.last >= self.every_s:
            self.last = now
            self.speak(Standing(done, note))


class Board:
    """One line for all structures of a job together: how many are done, speed, time left, who is where.

    Lines come every 5 s at first and, so that the log of a long job stays short, every minute later on.
    """

    def __init__(self, job: str, structures: int, steps: int, *, finished: int = 0, bound: bool = False) -> None:
        """Begin.

        Args:
            job: the first word of every line.
            structures: of the job, in all.
            steps: of each structure.
            finished: structures that an earlier, interrupted job had finished.
            bound: whether `steps` is only an upper bound; then the mean of those finished is expected.
        """
        self.job, self.structures, self.steps, self.bound = job, structures, steps, bound
        self.finished, self.failed = finished, 0
        self.waiting = structures - finished
        self.running: dict[str, Standing] = {}
        self.bases: dict[str, int] = {}  # where an interrupted run is taken up
        self.ended: list[int] = []  # steps of those that ended here
        self.made = 0  # steps made here by those that ended
        self.begin = self.last = time.perf_counter()

    def hear(self, label: str, standing: Standing) -> None:
        """Take the standing of a structure, and print a line if it is time."""
        if label not in self.running:
            self.waiting -= 1
            self.bases[label] = standing.done
        self.running[label] = standing
        now = time.perf_counter()
        if now - self.last >= min(max((now - self.begin) / 100, 5.0), 60.0):
            self.show()

    def end(self, label: str, text: str, *, steps: int, failed: bool) -> None:
        """Print the result of a structure, and where the others are."""
        if self.running.pop(label, None) is None:
            self.waiting -= 1
        self.made += max(steps - self.bases.get(label, 0), 0)
        if failed:
            self.failed += 1
        else:
            self.finished += 1
            self.ended.append(steps)
        say(f"{self.job} {label} {text} ({self.finished + self.failed} of {self.structures} done)")
        if self.running:
            self.show()

    def show(self) -> None:
        """Print the line."""
        self.last = time.perf_counter()
        say(self.line(self.last - self.begin))

    def line(self, seconds: float) -> str:
        """Return the line, `seconds` after the begin."""
        made = self.made + sum(one.done - self.bases[label] for label, one in self.running.items())
        speed = made / seconds if seconds > 0 else 0.0
        failed = f", {self.failed} failed" if self.failed else ""
        left = f"{clock(self._steps_left() / speed)} left" if speed > 0 else "? left"
        most = " at most" if self.bound and not self.ended else ""
        named = [f"{label} {one.done}/{self.steps}{one.note}" for label, one in list(self.running.items())[:SHOWN]]
        more = [f"{len(self.running) - SHOWN} more"] if len(self.running) > SHOWN else []
        head = f"{self.job} {self.finished}/{self.structures} done{failed}, {speed:.3g} steps/s, {left}{most}"
        return f"{head}; {', '.join([*named, *more])}"

    def _steps_left(self) -> float:
        """Return how many steps are still to be made."""
        each = sum(self.ended) / len(self.ended) if self.bound and self.ended else float(self.steps)
        return each * self.waiting + sum(max(each - one.done, 0.0) for one in self.running.values())


def clock(seconds: float) -> str:
    """Return a duration as hh:mm:ss."""
    whole = round(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
