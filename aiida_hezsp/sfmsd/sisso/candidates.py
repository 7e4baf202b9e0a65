"""Where SISSO's settings are searched: what a protocol lists, as far as a fit does not cost too much."""

from dataclasses import dataclass
from itertools import product
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from aiida_hezsp.errors import CostError
from aiida_hezsp.sfmsd.sisso.cost import Cost, duration, estimate_cost
from aiida_hezsp.sfmsd.sisso.operators import PAPER_OPERATORS, codes_of

__all__ = ("Candidate", "SissoChoice", "SissoSearch")

Choices = Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1, max_length=100)]

_GIB = 2**30


@dataclass(frozen=True)
class Candidate:
    """One setting, and what one fit of it costs."""

    dimension: int
    complexity: int
    subspace_size: int
    cost: Cost

    @property
    def parameters(self) -> dict[str, int]:
        """The setting as parameters of the estimator."""
        return {
            "dimension": self.dimension,
            "complexity": self.complexity,
            "subspace_size": self.subspace_size,
        }

    def __str__(self) -> str:
        return f"dimension {self.dimension}, complexity {self.complexity}, subspaces of {self.subspace_size}"


class SissoSearch(BaseModel):
    """What is searched, and how much a fit may cost.

    Attributes:
        dimension, complexity, subspace_size: all combinations are candidates; see `SISSORegressor`.
        metric, operators: of every candidate.
        check_units: whether the columns' units are respected; the paper does not.
        max_fits: least-squares fits up to which a dimension is searched exhaustively, by a beam beyond.
        max_fit_seconds: candidates whose fit is expected to take longer on one core are left out.
        max_memory_gib: likewise for memory, of one process.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    dimension: Choices = (1, 2, 3)
    complexity: Choices = (1, 2)
    subspace_size: Choices = (10,)
    metric: Literal["RMSE", "MAE", "MaxAE"] = "MaxAE"
    operators: Annotated[tuple[str, ...], Field(max_length=32)] = PAPER_OPERATORS
    check_units: bool = False
    max_fits: Annotated[int, Field(ge=0)] = 100_000_000
    max_fit_seconds: Annotated[float, Field(gt=0.0)] = 60.0
    max_memory_gib: Annotated[float, Field(gt=0.0)] = 2.0

    @field_validator("operators")
    @classmethod
    def _known(cls, operators: tuple[str, ...]) -> tuple[str, ...]:
        codes_of(operators)
        return operators

    def candidates(self, n_features: int, n_samples: int) -> list[Candidate]:
        """Return all candidates with their costs for a table, cheapest first."""
        found = [
            Candidate(dimension, complexity, size, self._cost(n_features, n_samples, dimension, complexity, size))
            for dimension, complexity, size in product(self.dimension, self.complexity, self.subspace_size)
        ]
        return sorted(found, key=lambda one: one.cost.seconds)

    def choose(self, n_features: int, n_samples: int) -> "SissoChoice":
        """Return which candidates are affordable for a table.

        Raises:
            CostError: none is.
        """
        every = self.candidates(n_features, n_samples)
        taken = [one for one in every if self._affordable(one.cost)]
        if not taken:
            raise CostError(
                f"no SISSO setting is within {duration(self.max_fit_seconds)} and {self.max_memory_gib:g} GiB a fit; "
                f"the cheapest, {every[0]}, takes {every[0].cost}: allow more, or ask for less"
            )
        return SissoChoice(taken, [one for one in every if not self._affordable(one.cost)], self.max_fit_seconds)

    def fixed(self) -> dict[str, Any]:
        """Return the parameters of the estimator that are not searched."""
        return {
            "metric": self.metric,
            "operators": self.operators,
            "max_fits": self.max_fits,
            "max_seconds": self.max_fit_seconds,
            "max_memory": self.max_memory_gib * _GIB,
        }

    def _affordable(self, cost: Cost) -> bool:
        return cost.seconds <= self.max_fit_seconds and cost.memory <= self.max_memory_gib * _GIB

    def _cost(self, n_features: int, n_samples: int, dimension: int, complexity: int, size: int) -> Cost:
        return estimate_cost(
            n_features, n_samples, dimension, complexity, size, self.operators,
            self.max_fits, self.max_memory_gib * _GIB, self.metric,
        )  # fmt: skip


@dataclass(frozen=True)
class SissoChoice:
    """Candidates that are searched, and those that are left out because of their cost; cheapest first."""

    taken: list[Candidate]
    left_out: list[Candidate]
    max_fit_seconds: float

    def seconds(self, iterations: int, folds: int) -> float:
        """Return the expected time on one core of search, out-of-fold predictions and final fit.

        Args:
            iterations: candidates that are tried, drawn from those taken.
            folds: of the cross-validation.
        """
        tried = min(iterations, len(self.taken))
        mean = sum(one.cost.seconds for one in self.taken) / len(self.taken)
        return tried * folds * mean + (folds + 1) * self.taken[-1].cost.seconds

    def fits(self, iterations: int, folds: int) -> int:
        """Return the number of fits of the search."""
        return min(iterations, len(self.taken)) * folds

    def remarks(self, iterations: int, folds: int) -> list[str]:
        """Return what is to be said before the search starts: what it costs, what is left out, and why."""
        whole = duration(self.seconds(iterations, folds))
        named = f"{len(self.taken)} settings, up to {self.taken[-1]}"
        lines = [f"{named}; about {whole} on one core, {self._memory():.1f} GiB a process"]
        if self.left_out:
            last = self.left_out[-1]
            lines.append(
                f"{len(self.left_out)} settings are left out, each above {duration(self.max_fit_seconds)} a fit or too "
                f"large (allow more with max_fit_seconds): from {self.left_out[0]} to {last}"
            )
            lines.append(f"a fit of {last} would cost: {last.cost}")
        return lines

    def _memory(self) -> float:
        return max(one.cost.memory for one in self.taken) / _GIB
