"""A composition: which elements share the substituted site of a family, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from aiida_hezsp.chemistry.amounts import amount_text
from aiida_hezsp.chemistry.entropy import EntropyClass, configurational_entropy, entropy_class
from aiida_hezsp.errors import CompositionError
from aiida_hezsp.families import CellName, Family

__all__ = ("Composition", "balancing_content")


@dataclass(frozen=True)
class Composition:
    """Fractions of the elements on the substituted site; the mobile-ion content follows from charge balance.

    Build it with `Composition.of`, which checks and orders; `occupancy` holds (element, fraction) pairs, the host's
    element first, then the dopants by charge and atomic number.
    """

    family: Family = field(repr=False)
    occupancy: tuple[tuple[str, Fraction], ...]

    @classmethod
    def of(cls, family: Family, site_fractions: Mapping[str, Fraction]) -> "Composition":
        """Check fractions of the substituted site (they add up to 1; zeros are dropped) and order them.

        Raises:
            CompositionError: an element is not in the family, a fraction is negative, the sum is not 1, or the mobile
                ions that balance the charge are more than there are sites, or fewer than none.
        """
        for element, fraction in site_fractions.items():
            if element not in family.charges:
                raise CompositionError(_not_a_dopant(family, element))
            if fraction < 0:
                raise CompositionError(f"the fraction of {element} is negative: {float(fraction):g}")
        total = sum(site_fractions.values(), Fraction(0))
        if total != 1:
            raise CompositionError(
                f"the fractions of the {family.substituted.element} site add up to {float(total):.6g}, not 1"
            )
        occupancy = tuple(
            (element, site_fractions[element]) for element in family.charges if site_fractions.get(element)
        )
        _check_mobile(family, balancing_content(family, site_fractions))
        return cls(family, occupancy)

    @property
    def site_fractions(self) -> dict[str, Fraction]:
        """Exact fractions of the substituted site by element, in order; they add up to 1."""
        return dict(self.occupancy)

    @property
    def elements(self) -> tuple[str, ...]:
        """The elements on the substituted site, in order."""
        return tuple(element for element, _ in self.occupancy)

    @cached_property
    def x_li(self) -> Fraction:
        """Mobile ions per formula unit, exact: x_host + n sum f_i (z_host - z_i) / z_mobile."""
        return balancing_content(self.family, self.site_fractions)

    @cached_property
    def s_config(self) -> float:
        """Ideal configurational entropy of the substituted site, in units of R."""
        return configurational_entropy(fraction for _, fraction in self.occupancy)

    @property
    def entropy_class(self) -> EntropyClass:
        """High (from 1.5 R), medium (from 1 R) or low."""
        return entropy_class(self.s_config)

    @cached_property
    def type(self) -> str | None:
        """The type in the family's table (such as "5-1"), or None."""
        sites = self.family.substituted_sites("supercell")
        counts = {element: fraction * sites for element, fraction in self.occupancy}
        host = counts.pop(self.family.substituted.element, Fraction(0))
        others = sorted(counts.values())
        for label, (first, *rest) in self.family.types.items():
            if host == first and others == sorted(rest):
                return label
        return None

    @cached_property
    def formula(self) -> str:
        """The canonical formula unit: mobile ion, host's element, dopants by charge and number, framework."""
        sites = self.family.substituted.sites_per_formula
        parts = {
            self.family.mobile.element: self.x_li,
            **{element: fraction * sites for element, fraction in self.occupancy},
            **{element: Fraction(species.count) for element, species in self.family.fixed.items()},
        }
        return "".join(element + amount_text(amount) for element, amount in parts.items() if amount)

    @property
    def label(self) -> str:
        """The formula as a link label, with "p" for the decimal point."""
        return self.formula.replace(".", "p")

    def sites(self, cell: CellName) -> dict[str, int]:
        """Return the number of atoms of each element in a cell, in the formula's order.

        Raises:
            CompositionError: the composition does not fill the cell with whole atoms.
        """
        units = self.family.cell_formula_units(cell)
        sites = self.family.substituted_sites(cell)
        exact = {
            self.family.mobile.element: self.x_li * units,
            **{element: fraction * sites for element, fraction in self.occupancy},
            **{element: Fraction(species.count * units) for element, species in self.family.fixed.items()},
        }
        for element, count in exact.items():
            if count.denominator != 1:
                raise CompositionError(
                    f"{self.formula} does not fit the {cell}: it would hold {float(count):.4g} {element}; "
                    f"amounts must be multiples of 1/{units} per formula unit"
                )
        return {element: int(count) for element, count in exact.items() if count}

    def as_dict(self) -> dict[str, Any]:
        """Return what is known of it as JSON-able plain data."""
        return {
            "formula": self.formula,
            "family": self.family.name,
            "label": self.label,
            "elements": list(self.elements),
            "n_elements": len(self.elements),
            "type": self.type,
            "x_li": float(self.x_li),
            "s_config": self.s_config,
            "entropy_class": self.entropy_class,
            "site_fractions": {element: float(fraction) for element, fraction in self.occupancy},
        }

    def __str__(self) -> str:
        return self.formula


def balancing_content(family: Family, site_fractions: Mapping[str, Fraction]) -> Fraction:
    """Return the mobile ions per formula unit that balance the charge (paper: x = 3 + 2 sum f_i (4 - z_i))."""
    host, charges = family.substituted, family.charges
    excess = sum((f * (host.charge - charges[element]) for element, f in site_fractions.items()), Fraction(0))
    return family.host_mobile + host.sites_per_formula * excess / family.mobile.charge


def _check_mobile(family: Family, content: Fraction) -> None:
    low, high = family.mobile_range
    if not low <= content <= high:
        ion = family.mobile.element
        raise CompositionError(
            f"charge balance asks for {float(content):g} {ion} per formula unit, outside the {float(low):g} to "
            f"{float(high):g} that the {ion} sites of {family.name} hold"
        )


def _not_a_dopant(family: Family, element: str) -> str:
    return (
        f"{element} is not an element of the {family.substituted.element} site of {family.name}; "
        f"expected some of {', '.join(family.charges)}"
    )
