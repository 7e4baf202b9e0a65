"""Many identifiers, in portions that every database takes in one filter."""

from collections.abc import Iterable, Iterator

__all__ = ("CHUNK", "chunks")

CHUNK = 900  # below the limits of every database


def chunks(pks: Iterable[int], size: int = CHUNK) -> Iterator[list[int]]:
    """Yield pks in portions of at most `size`, in order and each once."""
    ordered = sorted(set(pks))
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]
