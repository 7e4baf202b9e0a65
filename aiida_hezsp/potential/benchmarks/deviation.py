"""How far contenders are from the model in float64, and from stock."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aiida_hezsp.potential.benchmarks.contenders import STOCK, make_calculator
from aiida_hezsp.potential.benchmarks.reference import Float64Evaluator
from aiida_hezsp.potential.benchmarks.results import Deviation
from aiida_hezsp.potential.evaluation import Floats, as_model

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ("deviations",)

REFERENCE = "float64"
Values = tuple[Floats, Floats]  # energies (frames,) eV, forces (frames, n, 3) eV/A


def deviations(
    atoms: "Atoms", frames: Sequence[Floats], contenders: Sequence[str], model: str, threads: int
) -> list[Deviation]:
    """Compare contenders on frames.

    Args:
        atoms: numbers and cell.
        frames: positions (n, 3) A.
        contenders: stock among them.
        model: of all.
        threads: for the evaluation.

    Returns:
        Every contender against float64, then ours against stock.
    """
    judge = Float64Evaluator(as_model(model))
    judged = [judge.evaluate(atoms.numbers, positions, atoms.cell.array) for positions in frames]
    reference = np.array([one.energy for one in judged]), np.array([one.forces for one in judged])
    found = {name: _values(name, atoms, frames, model, threads) for name in contenders}
    rows = [_deviation(name, REFERENCE, values, reference) for name, values in found.items()]
    return rows + [_deviation(name, STOCK, found[name], found[STOCK]) for name in contenders if name != STOCK]


def _values(contender: str, atoms: "Atoms", frames: Sequence[Floats], model: str, threads: int) -> Values:
    """Return what a contender says of the frames."""
    work = atoms.copy()
    work.calc = make_calculator(contender, model, threads)
    energies, forces = [], []
    for positions in frames:
        work.positions = positions
        energies.append(float(work.get_potential_energy()))
        forces.append(np.array(work.get_forces(), dtype=float))
    return np.array(energies), np.array(forces)


def _deviation(contender: str, reference: str, values: Values, wanted: Values) -> Deviation:
    """Compare two sets of values."""
    energies, forces = (np.abs(one - other) for one, other in zip(values, wanted, strict=True))
    return Deviation(
        contender=contender,
        reference=reference,
        frames=len(energies),
        force_max=float(forces.max()),
        force_mae=float(forces.mean()),
        energy_per_atom=float(energies.max()) / forces.shape[1],
    )
