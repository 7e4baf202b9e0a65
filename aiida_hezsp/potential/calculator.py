"""CHGNet as an ASE calculator that computes only what is asked."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from aiida_hezsp.errors import StructureError
from aiida_hezsp.potential.evaluation import Backend, make_evaluator

if TYPE_CHECKING:
    from ase import Atoms
    from chgnet.model import CHGNet

__all__ = ("FastCHGNetCalculator",)


class FastCHGNetCalculator(Calculator):  # type: ignore[misc]
    """ASE calculator of a CHGNet.

    A molecular dynamics run at a fixed cell asks for forces only; stress and moments then cost nothing. Stresses are in
    ASE's units (eV/A^3, Voigt order, tension positive), energies are total energies in eV.
    """

    implemented_properties: ClassVar = ["energy", "free_energy", "forces", "stress", "magmoms"]

    def __init__(
        self,
        model: "CHGNet | str | Path" = "0.3.0",
        *,
        backend: Backend = "auto",
        threads: int = 1,
        always: Collection[str] = ("forces",),
        **kwargs: Any,
    ) -> None:
        """Make a calculator.

        Args:
            model: a bundled version (`0.2.0`, `0.3.0`, `r2scan`), a model file, or a CHGNet object.
            backend: see `make_evaluator`.
            threads: of this process. Two processes of one thread beat one of two.
            always: properties computed along with any other. ASE asks for one after the other, and each question would
                be a pass of its own; a relaxation of the cell sets forces and stress, energies alone set nothing.
            kwargs: of ASE's Calculator.
        """
        super().__init__(**kwargs)
        self.evaluator = make_evaluator(model, backend, threads)
        self.always = frozenset(always)

    def calculate(
        self,
        atoms: "Atoms | None" = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute the wanted properties of periodic atoms."""
        super().calculate(atoms, properties, system_changes)
        if not self.atoms.pbc.all():
            raise StructureError("CHGNet describes crystals: the structure must be periodic in all three directions")
        wanted = self.always.union(properties or ())
        result = self.evaluator.evaluate(
            self.atoms.numbers,
            self.atoms.positions,
            self.atoms.cell.array,
            forces="forces" in wanted,
            stress="stress" in wanted,
            magmoms="magmoms" in wanted,
        )
        self.results |= {"energy": result.energy, "free_energy": result.energy}
        if result.forces is not None:
            self.results["forces"] = result.forces
        if result.stress is not None:
            self.results["stress"] = full_3x3_to_voigt_6_stress(np.asarray(result.stress))
        if result.magmoms is not None:
            self.results["magmoms"] = result.magmoms
