"""The time of an image in training."""

import time
from typing import NamedTuple

__all__ = ("ImageClock",)


class Mark(NamedTuple):
    """An update has ended: images done so far, whether they complete an epoch, wall and CPU time in s."""

    done: int
    completes: bool
    wall: float
    cpu: float


class ImageClock:
    """Notes when updates end. What begins an epoch is not counted: validation and checkpoints lie before it."""

    def __init__(self) -> None:
        self.marks: list[Mark] = []

    def mark(self, done: int, images: int) -> None:
        """Note that `done` images have been seen, in epochs of `images`."""
        self.marks.append(Mark(done, done % images == 0, time.perf_counter(), time.process_time()))

    def per_image(self) -> tuple[int, float, float]:
        """Return the number of images counted, and wall and CPU time of one (s); zeros if none is counted."""
        pairs = [
            (before, after) for before, after in zip(self.marks, self.marks[1:], strict=False) if not before.completes
        ]
        images = sum(after.done - before.done for before, after in pairs)
        if not images:
            return 0, 0.0, 0.0
        wall = sum(after.wall - before.wall for before, after in pairs)
        return images, wall / images, sum(after.cpu - before.cpu for before, after in pairs) / images
