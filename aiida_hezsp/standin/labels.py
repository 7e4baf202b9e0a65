"""One evaluation of the calculator: what VASP calls an ionic step's results."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import PropertyNotImplementedError
from numpy.typing import NDArray

from aiida_hezsp.errors import StandinError

__all__ = ("KBAR_PER_EV_A3", "Labels", "evaluate", "guarded", "vasp_stress")

FloatArray = NDArray[np.float64]

# VASP writes stress in kB, positive where the cell wants to expand: minus ASE's sign.
KBAR_PER_EV_A3 = float(-10.0 / units.GPa)


@dataclass(frozen=True)
class Labels:
    """Energy (eV), forces (n,3) eV/A, stress (3,3) kB in VASP's sign or None, moments (n,) mu_B or None."""

    energy: float
    forces: FloatArray
    stress: FloatArray | None
    magmoms: FloatArray | None


def vasp_stress(stress: FloatArray) -> FloatArray:
    """ASE stress (3,3) in eV/A^3, tension positive -> VASP's in kB, symmetrised."""
    kbar: FloatArray = KBAR_PER_EV_A3 * (stress + stress.T) / 2
    return kbar


def evaluate(atoms: Atoms) -> Labels:
    """Labels of `atoms` by their calculator, which evaluates once and caches.

    Raises:
        StandinError: the calculator fails or gives an energy or force that is not finite.
    """
    try:
        energy = float(atoms.get_potential_energy())
        forces = np.asarray(atoms.get_forces(apply_constraint=False), dtype=float)
        stress = _stress(atoms)
    except Exception as error:  # any calculator, any error: VASP would stop here too
        raise _failure(error) from error
    if not (np.isfinite(energy) and np.isfinite(forces).all()):
        raise StandinError(" ERROR: the calculator gives energies or forces that are not finite: the ions collided.")
    return Labels(energy, forces, stress, _moments(atoms))


def guarded(steps: Iterator[Any]) -> Iterator[Any]:
    """Pass on the steps of ASE's optimisers and integrators, which evaluate the calculator on their own.

    Raises:
        StandinError: the calculator fails in one.
    """
    try:
        yield from steps
    except Exception as error:  # as in `evaluate`
        raise _failure(error) from error


def _failure(error: Exception) -> StandinError:
    return StandinError(f" ERROR: the calculator failed: {type(error).__name__}: {error}")


def _stress(atoms: Atoms) -> FloatArray | None:
    try:
        return vasp_stress(np.asarray(atoms.get_stress(voigt=False), dtype=float))
    except PropertyNotImplementedError:
        return None


def _moments(atoms: Atoms) -> FloatArray | None:
    moments = atoms.calc.results.get("magmoms")
    return None if moments is None else np.asarray(moments, dtype=float).reshape(len(atoms))
