"""How far a backend is from float64, and how far it may be."""

from dataclasses import asdict, dataclass

import numpy as np

from aiida_hezsp.potential.evaluation import Evaluation
from aiida_hezsp.potential.stock import GPA_PER_EV_A3, stock_graph

__all__ = ("FLOORS", "LIMITS", "Deviation", "StockWitness", "allowed")


@dataclass(frozen=True)
class Deviation:
    """Largest absolute differences: energy in eV/atom, forces in eV/A, stress in GPa, moments in mu_B."""

    energy: float
    forces: float
    stress: float
    magmoms: float

    @classmethod
    def of(cls, result, reference):
        """Compare two evaluations of everything."""
        return cls(
            abs(result.energy - reference.energy) / len(reference.forces),
            largest(result.forces - reference.forces),
            largest(result.stress - reference.stress) * GPA_PER_EV_A3,
            largest(result.magmoms - reference.magmoms),
        )

    def as_dict(self):
        return asdict(self)


# What nothing may pass.
LIMITS = Deviation(energy=1e-5, forces=1e-4, stress=1e-3, magmoms=1e-5)
# Below these, being worse than stock float32 counts for nothing: on a few atoms stock happens to be lucky. They grow
# with the largest force beyond 10 eV/A: float32 knows forces to some 1e-6 of it.
FLOORS = Deviation(energy=4e-6, forces=2e-5, stress=5e-4, magmoms=2e-6)
STRONG = 10.0  # eV/A
# Where forces are beyond this (eV/A), atoms lie within one another and float32 cannot hold the limits: then only the
# comparison with stock counts.
OVERLAP = 50.0


def allowed(reference, stock):
    """Return the largest deviations allowed: within the limits, and never worse than stock."""
    scale = largest(reference.forces)
    factor = max(1.0, scale / STRONG)
    hard = np.inf if scale > OVERLAP else 1.0
    limits, floors, witness = (deviation.as_dict() for deviation in (LIMITS, FLOORS, stock))
    return Deviation(**{key: min(limits[key] * hard, max(floors[key] * factor, witness[key])) for key in limits})


def largest(array):
    """Return the largest absolute value; what is not a number is infinitely wrong."""
    value = float(np.abs(array).max())
    return value if np.isfinite(value) else np.inf


class StockWitness:
    """Stock chgnet as users have it (float32), but for the sign of its stress in left-handed cells."""

    def __init__(self, model):
        self.model = model

    def evaluate(self, numbers, positions, cell):
        """Return everything."""
        graph = stock_graph(self.model, numbers, positions, cell)
        result = self.model.predict_graph(graph, task="efsm")
        return Evaluation(
            energy=float(result["e"]) * (len(numbers) if self.model.is_intensive else 1),
            forces=result["f"].astype(float),
            stress=result["s"].astype(float) / GPA_PER_EV_A3 * np.sign(np.linalg.det(cell)),
            magmoms=result["m"].astype(float),
        )
