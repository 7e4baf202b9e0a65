"""The electronic steps VASP would have written, made up: they converge geometrically to the calculator's energy.

The k-th energy of an ionic step of n atoms is E + n A 10^(1-k), with A = 0.5 eV in the first ionic step (VASP starts
from atomic charges) and 0.02 eV later (it extrapolates). The cycle ends, on E itself, when the last change is below
EDIFF, but not before NELMIN; where NELM comes first it ends there, unconverged and with that wrong energy.
"""

from dataclasses import dataclass

__all__ = ("ScfCycle", "run_scf")

_FIRST, _LATER = 0.5, 0.02  # eV an atom
_RATIO = 0.1


@dataclass(frozen=True)
class ScfCycle:
    """Total energies (eV) of the electronic steps of one ionic step, and whether EDIFF was reached."""

    energies: tuple[float, ...]
    converged: bool

    @property
    def energy(self) -> float:
        """The energy VASP would report (eV)."""
        return self.energies[-1]

    def changes(self) -> tuple[float, ...]:
        """Change at each electronic step (eV), the first against zero."""
        return tuple(now - before for before, now in zip((0.0, *self.energies), self.energies, strict=False))


def run_scf(energy: float, n_atoms: int, ionic_step: int, *, ediff: float, nelm: int, nelmin: int = 2,
            never: bool = False) -> ScfCycle:  # fmt: skip
    """Electronic steps towards `energy` (eV) in ionic step `ionic_step` (from 1); `never` ends at NELM regardless."""
    offset = n_atoms * (_FIRST if ionic_step == 1 else _LATER)
    energies: list[float] = []
    while len(energies) < nelm:
        if not never and len(energies) + 1 >= max(nelmin, 2) and offset / _RATIO < ediff:
            return ScfCycle((*energies, energy), converged=True)
        energies.append(energy + offset)
        offset *= _RATIO
    return ScfCycle(tuple(energies), converged=False)
