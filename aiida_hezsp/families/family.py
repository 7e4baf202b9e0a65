"""A family: the host, what may be put in it, and the rules by which it is judged."""

from collections import Counter
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from aiida_hezsp.errors import FamilyError
from aiida_hezsp.families.checks import check_family
from aiida_hezsp.families.elements import atomic_number
from aiida_hezsp.families.schema import (
    FixedElement,
    MobileIon,
    Polyhedron,
    Space,
    Structures,
    SubstitutedSite,
    Window,
)

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ("CellName", "Family", "SiteKind")

CellName = Literal["primitive", "supercell"]
SiteKind = Literal["mobile", "substituted", "framework"]
Row = tuple[int, int, int]


class Family(BaseModel):
    """What is screened: host, cells, mobile ion, substituted site, dopants, spaces, polyhedra, features.

    It holds its structures, so `to_dict` is self-contained. The order of a mapping's keys never matters (databases
    do not keep it): dopants are sorted by charge and atomic number, the framework as `formula` has it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_: Literal["aiida-hezsp.family/1"] = Field(alias="schema")
    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")
    title: str
    formula: str = Field(description="the host's formula unit")
    formula_units: int = Field(gt=0, description="formula units in the primitive cell")
    supercell: tuple[Row, Row, Row] = Field(description="rows: supercell vectors in primitive ones")
    mobile: MobileIon
    substituted: SubstitutedSite
    fixed: dict[str, FixedElement] = Field(min_length=1, description="the framework, by element")
    dopants: dict[str, int] = Field(min_length=1, description="charge by element")
    types: dict[str, tuple[int, ...]] = Field(description="proportions on the supercell's substituted sites")
    spaces: dict[str, Space]
    polyhedra: dict[str, Polyhedron]
    feature_sets: dict[str, tuple[str, ...]]
    structures: Structures

    @model_validator(mode="after")
    def _consistent(self) -> "Family":
        check_family(self)
        object.__setattr__(self, "dopants", dict(sorted(self.dopants.items(), key=_charge_then_number)))
        object.__setattr__(self, "types", dict(sorted(self.types.items(), key=lambda row: row[0])))
        place = {element: self.formula.index(element) for element in self.fixed}
        object.__setattr__(
            self, "fixed", {element: self.fixed[element] for element in sorted(place, key=place.__getitem__)}
        )
        return self

    def __hash__(self) -> int:
        return hash((self.name, self.formula))  # cheap; equality compares everything

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Family":
        """Build a family from plain data, as `to_dict` gives them or a family file holds them.

        Raises:
            FamilyError: a key is missing, unknown, of the wrong kind, or two sections contradict each other.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise FamilyError(_first_problem(error)) from None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able plain data, the structures included."""
        return self.model_dump(mode="json", by_alias=True)

    @cached_property
    def charges(self) -> dict[str, int]:
        """Charge of each element of the substituted site: the host's first, then the dopants in their order."""
        return {self.substituted.element: self.substituted.charge, **self.dopants}

    @property
    def windows(self) -> dict[str, Window]:
        """Mobile ions per formula unit of each space, both ends included."""
        return {name: space.window for name, space in self.spaces.items()}

    @property
    def mobile_range(self) -> Window:
        """Mobile ions per formula unit for which there are sites, both ends included."""
        return Fraction(0), Fraction(self.mobile.sites_per_cell, self.formula_units)

    @property
    def host_mobile(self) -> Fraction:
        """Mobile ions per formula unit of the host."""
        fixed = sum(species.charge * species.count for species in self.fixed.values())
        site = self.substituted.charge * self.substituted.sites_per_formula
        return Fraction(-fixed - site, self.mobile.charge)

    def cell_formula_units(self, cell: CellName) -> int:
        """Return the number of formula units in a cell."""
        return self.formula_units * (self._determinant() if cell == "supercell" else 1)

    def substituted_sites(self, cell: CellName) -> int:
        """Return the number of substituted sites in a cell."""
        return self.substituted.sites_per_formula * self.cell_formula_units(cell)

    def host(self) -> "Structure":
        """Return the relaxed host, primitive cell, with the site property "site" (`SiteKind`)."""
        return self._marked(self.structures.host.structure())

    def template(self, cell: CellName = "primitive") -> "Structure":
        """Return a cell with every mobile site filled, with the site property "site" (`SiteKind`).

        The substituted sites hold the host's element. Sites are in a fixed order: those of the primitive cell's
        template, each followed by its images.
        """
        structure = self._marked(self.structures.template.structure())
        return structure.make_supercell(self.supercell) if cell == "supercell" else structure

    def _marked(self, structure: "Structure") -> "Structure":
        kinds: dict[str, SiteKind] = {self.mobile.element: "mobile", self.substituted.element: "substituted"}
        labels = [kinds.get(site.specie.symbol, "framework") for site in structure]
        return structure.add_site_property("site", labels)

    def _determinant(self) -> int:
        (a, b, c), (d, e, f), (g, h, i) = self.supercell
        return abs(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g))

    def expected_atoms(self, mobile_per_cell: int) -> Counter[str]:
        """Return the atoms of a primitive cell of the host's framework with that many mobile ions."""
        units = self.formula_units
        atoms = Counter({element: species.count * units for element, species in self.fixed.items()})
        atoms[self.substituted.element] = self.substituted.sites_per_formula * units
        atoms[self.mobile.element] = mobile_per_cell
        return atoms


def _charge_then_number(dopant: tuple[str, int]) -> tuple[int, int]:
    element, charge = dopant
    return charge, atomic_number(element) or 0


def _first_problem(error: ValidationError) -> str:
    """Return the first problem as one line: where, what, what was given."""
    problems = error.errors(include_url=False)
    first = problems[0]
    where = ".".join(str(part) for part in first["loc"]) or "the family"
    message = first["msg"].removeprefix("Value error, ").replace("\n", " ")
    given = "" if first["type"] in {"missing", "value_error"} else f" (given: {str(first['input'])[:60]!r})"
    more = f"; and {len(problems) - 1} more" if len(problems) > 1 else ""
    return f"family: {where}: {message}{given}{more}"
