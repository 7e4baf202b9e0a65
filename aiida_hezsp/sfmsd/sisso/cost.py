"""What a SISSO fit costs, said before it starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

from aiida_hezsp.sfmsd.sisso.operators import codes_of

__all__ = ("BEAM", "Cost", "beam_fits", "duration", "estimate_cost", "feature_counts")

BEAM = 2000
"""Models that a beam search keeps."""

# Seconds on one core of an AMD EPYC (Zen 4) at about 3 GHz; see docs/explanation/sisso.md.
_PER_BINARY = (3e-8, 0.45e-9)  # a feature, and each of its samples
_PER_UNARY = (3e-8, 5e-9)
_PER_KEPT = (2e-5, 5e-9)  # its Python objects are made
_PER_OPERAND = 5e-6  # made again as an operand of the highest complexity, in every pass
_PER_FIT = 9e-8
_PER_RESIDUAL = {"RMSE": 0.0, "MAE": 0.7e-9, "MaxAE": 0.4e-9}  # a sample and a term; the bound spares RMSE all
_BASE_BYTES = 250 * 2**20


@dataclass(frozen=True)
class Cost:
    """Estimates for one fit.

    Attributes:
        features: number of features by complexity, before equal ones are dropped.
        kept: complexities up to this are kept in memory.
        fits: least-squares fits by dimension.
        exact: by dimension, whether all combinations are tried.
        memory: bytes at the highest point, the interpreter with its libraries included.
        seconds: of one core. An estimate: half or twice as long is possible.
    """

    features: tuple[int, ...]
    kept: int
    fits: tuple[int, ...]
    exact: tuple[bool, ...]
    memory: int
    seconds: float

    def __str__(self) -> str:
        searched = "all combinations" if all(self.exact) else f"all up to dimension {sum(self.exact)}, then a beam"
        counts = " + ".join(f"{count:,}" for count in self.features)
        return (
            f"{counts} features by complexity, screened {len(self.fits)} times; {sum(self.fits):,} least-squares fits "
            f"({searched}); about {duration(self.seconds)} on one core and {self.memory / 2**30:.1f} GiB"
        )


def feature_counts(n_features: int, complexity: int, operators: Sequence[str]) -> tuple[int, ...]:
    """Return how many features of each complexity there are before equal ones are dropped.

    A feature of complexity c is a unary operator on one of c - 1, or a binary one on two whose complexities add up
    to c - 1. A pair of features is combined once, by "/" both ways.
    """
    unary, binary = codes_of(operators)
    counts = [n_features]
    for level in range(1, complexity + 1):
        pairs = 0
        for low in range((level - 1) // 2 + 1):
            high = level - 1 - low
            pairs += comb(counts[low], 2) if low == high else counts[low] * counts[high]
        counts.append(len(unary) * counts[level - 1] + len(binary) * pairs)
    return tuple(counts)


def beam_fits(size: int, dimension: int) -> int:
    """Return about how many least-squares fits a beam search takes."""
    return size + BEAM * size * (dimension - 1) + 10 * dimension * size


def estimate_cost(
    n_features: int,
    n_samples: int,
    dimension: int,
    complexity: int,
    subspace_size: int,
    operators: Sequence[str],
    max_fits: int,
    max_memory: float,
    metric: str,
) -> Cost:
    """Return the cost of a fit; the number of kept complexities is what `max_memory` (bytes) allows."""
    counts = feature_counts(n_features, complexity, operators)
    kept = max(0, complexity - 1)
    if complexity > 1 and _memory(counts[: kept + 1], n_samples) > max_memory:
        kept -= 1
    totals = [comb(subspace_size * d, d) for d in range(1, dimension + 1)]
    exact = tuple(total <= max_fits for total in totals)
    fits = tuple(
        total if whole else beam_fits(subspace_size * d, d)
        for d, (total, whole) in enumerate(zip(totals, exact, strict=True), start=1)
    )
    searching = sum(count * (_PER_FIT + _PER_RESIDUAL[metric] * n_samples * d) for d, count in enumerate(fits, start=1))
    seconds = _screening(counts, kept, n_samples, dimension, operators) + searching
    return Cost(counts, kept, fits, exact, _memory(counts[: kept + 1], n_samples), seconds)


def _memory(counts: Sequence[int], n_samples: int) -> int:
    """Return bytes: kept values thrice (pieces, joined, chosen), their expressions, and the interpreter."""
    return _BASE_BYTES + sum(counts) * (3 * 8 * n_samples + 400)


def _screening(counts: Sequence[int], kept: int, n_samples: int, dimension: int, operators: Sequence[str]) -> float:
    """Return seconds for all passes over the features."""
    unary, _ = codes_of(operators)
    made = sum(counts[: kept + 1]) * (_PER_KEPT[0] + _PER_KEPT[1] * n_samples)
    streamed = 0.0
    for level in range(kept + 1, len(counts)):
        ones = counts[level - 1] * len(unary)
        twos = counts[level] - ones
        streamed += ones * (_PER_UNARY[0] + _PER_UNARY[1] * n_samples)
        streamed += twos * (_PER_BINARY[0] + _PER_BINARY[1] * n_samples)
    streamed += sum(counts[kept + 1 : -1]) * _PER_OPERAND
    return made + dimension * streamed


def duration(seconds: float) -> str:
    """Write a duration as one would say it."""
    for size, name in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {name}"
    return f"{seconds:.1f} s"
