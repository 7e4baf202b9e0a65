"""How much an archive may ask for before it is refused."""

from dataclasses import dataclass

__all__ = ("LIMITS", "Limits")

MIB, GIB = 1024**2, 1024**3


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes.

    Deflate shrinks at most 1,032 to 1; real files of this kind (structures, logs, arrays) stay below 60. A ratio is
    judged only above `small`, because a short file of zeros is nobody's harm.
    """

    members: int = 5_000_000
    member: int = 8 * GIB
    total: int = 100 * GIB
    ratio: float = 200.0
    small: int = 32 * MIB
    metadata: int = 64 * MIB
    text: int = 64 * MIB
    nested: int = 2 * GIB
    depth: int = 3
    database_seconds: float = 600.0


LIMITS = Limits()
