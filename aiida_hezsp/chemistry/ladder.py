"""The multinary ladder: a seeded draw of compositions of every type, every dopant about equally often."""

import math
import random
from collections import Counter
from fractions import Fraction

from aiida_hezsp.chemistry.composition import Composition
from aiida_hezsp.errors import FamilyError
from aiida_hezsp.families import Family
from aiida_hezsp.families.schema import LadderSpace

__all__ = ("ladder",)

CANDIDATES = 40
TRIES = 4000


def ladder(family: Family, definition: LadderSpace, seed: int) -> list[Composition]:
    """Draw `per_type` different compositions of every type, inside the window (paper, section 2.3).

    The types take turns. Each composition is the one of 40 random ones, dopants that are behind favoured, that keeps
    the numbers of compositions in which each dopant occurs closest to equal (smallest sum of squares). For lzsp the
    largest and the smallest of these numbers differ by at most 2 (52 and 53 of 270 with the family's seed). The sites
    that a dopant takes in all are not balanced: 122 (Mg) to 156 of 4,320. `element_counts` gives both.

    Returns:
        Sorted by type, within a type in the order drawn.

    Raises:
        FamilyError: a type has too few compositions inside the window.
    """
    rng = random.Random(seed)  # noqa: S311  # no secret
    uses: Counter[str] = Counter(dict.fromkeys(family.dopants, 0))
    drawn: dict[str, list[Composition]] = {label: [] for label in family.types}
    taken: set[Composition] = set()
    for _ in range(definition.per_type):
        for label in family.types:
            composition = _pick(family, definition, label, uses, taken, rng)
            taken.add(composition)
            drawn[label].append(composition)
            uses.update(element for element in composition.elements if element in family.dopants)
    return [composition for compositions in drawn.values() for composition in compositions]


def _pick(
    family: Family,
    definition: LadderSpace,
    label: str,
    uses: Counter[str],
    taken: set[Composition],
    rng: random.Random,
) -> Composition:
    allowed = _allowed_excess(family, definition)
    best: Composition | None = None
    best_score = found = 0
    for _ in range(TRIES):
        counts = _propose(family, label, uses, rng)
        if _excess(family, counts) not in allowed:
            continue
        score = sum(2 * uses[element] + 1 for element in counts if element in uses)
        if best is None or score < best_score:
            composition = _composition(family, counts)
            if composition in taken:
                continue
            best, best_score = composition, score
        found += 1
        if found == CANDIDATES:
            break
    if best is None:
        raise FamilyError(f"family {family.name}: no further composition of type {label} inside the window")
    return best


def _propose(family: Family, label: str, uses: Counter[str], rng: random.Random) -> dict[str, int]:
    """Propose counts on the supercell's sites: dopants by use, blurred by a random number, in random order."""
    host, *others = family.types[label]
    blur = rng.choice((0.5, 2.0, 8.0))
    ranked = sorted(family.dopants, key=lambda element: uses[element] + blur * rng.random())
    dopants = ranked[: len(others)]
    rng.shuffle(dopants)
    return {family.substituted.element: host, **dict(zip(dopants, others, strict=True))}


def _excess(family: Family, counts: dict[str, int]) -> int:
    """Return the charge the mobile ions of a supercell have to add to the host's."""
    charges = family.charges
    return sum(count * (family.substituted.charge - charges[element]) for element, count in counts.items())


def _allowed_excess(family: Family, definition: LadderSpace) -> range:
    """Return the excess charges (whole numbers) that keep the mobile ions inside the window."""
    per_formula = family.cell_formula_units("supercell") * family.mobile.charge
    low, high = ((end - family.host_mobile) * per_formula for end in definition.window)
    return range(math.ceil(low), math.floor(high) + 1)


def _composition(family: Family, counts: dict[str, int]) -> Composition:
    sites = family.substituted_sites("supercell")
    return Composition.of(family, {element: Fraction(count, sites) for element, count in counts.items()})
