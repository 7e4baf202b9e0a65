"""The parts of a family file: what each section holds (pydantic models)."""

from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = (
    "Cell",
    "FixedElement",
    "LadderSpace",
    "MobileIon",
    "Polyhedron",
    "SingleSpace",
    "Space",
    "Structures",
    "SubstitutedSite",
    "TypeSpace",
    "Window",
)

Vector = tuple[float, float, float]


def _decimal(value: object) -> object:
    return str(value) if isinstance(value, float) else value  # 0.1 means one tenth, not its binary neighbour


Exact = Annotated[Fraction, BeforeValidator(_decimal)]
Window = tuple[Exact, Exact]


class Section(BaseModel):
    """A section of the family file: frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MobileIon(Section):
    """The ion that moves; its content balances the charge."""

    element: str
    charge: int = Field(gt=0)
    sites_per_cell: int = Field(gt=0, description="sites in the primitive cell, filled or not")


class SubstitutedSite(Section):
    """The site that takes the dopants, and the host's element on it."""

    element: str
    charge: int = Field(gt=0)
    sites_per_formula: int = Field(gt=0)


class FixedElement(Section):
    """An element of the framework, the same in every composition."""

    charge: int
    count: int = Field(gt=0, description="atoms in a formula unit")


class Polyhedron(Section):
    """How the polyhedron around a kind of site is found and what it is compared with.

    The `neighbours` nearest `ligand` atoms are its corners; `cutoff` (A) is the distance beyond which a ligand
    cannot be one. `ideal` is named as in chemical environments: O:6 octahedron, T:4 tetrahedron.
    """

    centre: str = Field(description="'mobile', 'substituted' or an element of the framework")
    ligand: str
    ideal: Literal["O:6", "T:4"]
    neighbours: int = Field(gt=0)
    cutoff: float = Field(gt=0)

    @model_validator(mode="after")
    def _corners(self) -> "Polyhedron":
        corners = int(self.ideal.split(":")[1])
        if self.neighbours != corners:
            message = f"{self.ideal} has {corners} corners, but neighbours is {self.neighbours}"
            raise ValueError(message)
        return self


class _SpaceBase(Section):
    title: str
    window: Window = Field(description="mobile ions per formula unit, both ends included")

    @field_validator("window")
    @classmethod
    def _ordered(cls, window: Window) -> Window:
        if window[0] > window[1]:
            message = f"the window's lower end {float(window[0])} is above its upper end {float(window[1])}"
            raise ValueError(message)
        return window


class SingleSpace(_SpaceBase):
    """One dopant at a time; its fraction of the substituted site depends on its charge."""

    kind: Literal["single"]
    fractions: dict[int, Annotated[Exact, Field(gt=0, le=1)]]


class TypeSpace(_SpaceBase):
    """All compositions of one type."""

    kind: Literal["type"]
    type: str


class LadderSpace(_SpaceBase):
    """A seeded draw of `per_type` compositions of every type."""

    kind: Literal["ladder"]
    per_type: int = Field(gt=0)
    seed: int = Field(ge=0)


Space = Annotated[SingleSpace | TypeSpace | LadderSpace, Field(discriminator="kind")]


class Cell(Section):
    """A crystal structure as plain data: lattice vectors as rows (A), elements, fractional coordinates."""

    lattice: tuple[Vector, Vector, Vector]
    elements: tuple[str, ...] = Field(min_length=1)
    fractional: tuple[Vector, ...]

    @model_validator(mode="after")
    def _lengths(self) -> "Cell":
        if len(self.elements) != len(self.fractional):
            message = f"{len(self.elements)} elements but {len(self.fractional)} positions"
            raise ValueError(message)
        return self

    @classmethod
    def from_structure(cls, structure: "Structure") -> "Cell":
        """Take an ordered pymatgen structure."""
        return cls(
            lattice=structure.lattice.matrix.tolist(),
            elements=tuple(site.specie.symbol for site in structure),
            fractional=structure.frac_coords.tolist(),
        )

    def structure(self) -> "Structure":
        """Return it as a pymatgen structure, sites in the same order."""
        from pymatgen.core.structure import Structure

        return Structure(self.lattice, self.elements, self.fractional)


class Structures(Section):
    """The crystal structures of a family; in the file, names of CIFs beside it."""

    host: Cell = Field(description="the relaxed host, primitive cell")
    template: Cell = Field(description="the same cell with every mobile site filled")
