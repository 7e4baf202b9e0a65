"""The spaces of a family: which compositions are looked at."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations

from aiida_hezsp.chemistry.composition import Composition, balancing_content
from aiida_hezsp.chemistry.ladder import ladder
from aiida_hezsp.errors import CompositionError, FamilyError
from aiida_hezsp.families import Family
from aiida_hezsp.families.schema import LadderSpace, SingleSpace, TypeSpace

__all__ = ("draw", "element_counts", "space")


def space(family: Family, name: str, *, seed: int | None = None) -> list[Composition]:
    """List the compositions of a space of a family, in an order that does not change.

    Args:
        family: defines its spaces.
        name: of the space; for lzsp training (23), quaternary (735), quinary (4,575), multinary (270).
        seed: of a space that is drawn (multinary); the family's own by default.

    Raises:
        FamilyError: the family has no such space.
    """
    definition = family.spaces.get(name)
    if definition is None:
        raise FamilyError(f"family {family.name} has no space {name!r}; it has {', '.join(family.spaces)}")
    match definition:
        case SingleSpace():
            candidates = _single(family, definition)
        case TypeSpace():
            candidates = _of_type(family, definition.type)
        case LadderSpace():
            return ladder(family, definition, definition.seed if seed is None else seed)
    low, high = definition.window
    return [
        Composition.of(family, fractions)
        for fractions in candidates
        if low <= balancing_content(family, fractions) <= high
    ]


def draw(compositions: Sequence[Composition], n: int, seed: int) -> list[Composition]:
    """Draw `n` compositions without replacement; the draw does not depend on the order they come in.

    Raises:
        CompositionError: there are fewer than `n`.
    """
    if not 0 <= n <= len(compositions):
        raise CompositionError(f"cannot draw {n} of {len(compositions)} compositions")
    ordered = sorted(compositions, key=lambda composition: composition.formula)
    return random.Random(seed).sample(ordered, n)  # noqa: S311  # no secret


def element_counts(family: Family, compositions: Sequence[Composition]) -> dict[str, dict[str, float]]:
    """Return how often each dopant of the family occurs.

    Returns:
        By dopant, all of them: `compositions` that have it, and `sites` that it takes in their supercells together.
    """
    sites = family.substituted_sites("supercell")
    counts: dict[str, dict[str, float]] = {dopant: {"compositions": 0, "sites": 0.0} for dopant in family.dopants}
    for composition in compositions:
        for element, fraction in composition.occupancy:
            if element in counts:
                counts[element]["compositions"] += 1
                counts[element]["sites"] += float(fraction * sites)
    return counts


def _single(family: Family, definition: SingleSpace) -> Iterator[dict[str, Fraction]]:
    for dopant, charge in family.dopants.items():
        fraction = definition.fractions[charge]
        yield {family.substituted.element: 1 - fraction, dopant: fraction}


def _of_type(family: Family, label: str) -> Iterator[dict[str, Fraction]]:
    sites = family.substituted_sites("supercell")
    host, *others = family.types[label]
    for dopants in combinations(family.dopants, len(others)):
        for counts in _arrangements(others):
            chosen = dict(zip(dopants, counts, strict=True))
            yield {e: Fraction(count, sites) for e, count in {family.substituted.element: host, **chosen}.items()}


def _arrangements(counts: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield the distinct orders of counts, largest first: those of (3, 3, 2) are three."""
    if not counts:
        yield ()
    for first in sorted(Counter(counts), reverse=True):
        rest = list(counts)
        rest.remove(first)
        for tail in _arrangements(rest):
            yield (first, *tail)
