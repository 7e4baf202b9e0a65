"""Where an MSD stands among all that one model predicted, and the regions of the paper."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from aiida import orm

from aiida_hezsp.provenance.predictions import PREDICT_PROCESS_TYPE, model_of
from aiida_hezsp.sfmsd import regions as rules
from aiida_hezsp.sfmsd.regions import RegionRule

if TYPE_CHECKING:
    import numpy as np

__all__ = ("REGIONS", "MsdDistribution", "distribution_of", "place_of", "region_of")

_RULE = RegionRule()
REGIONS = {"low": (0.0, _RULE.low), "medium": (_RULE.low, _RULE.high), "high": (_RULE.high, math.inf)}
"""Ends of each region, A^2 (paper, section 2.3); both ends of the medium one belong to it."""


@dataclass(frozen=True)
class MsdDistribution:
    """All MSD (A^2) that one SF-MSD model predicted, ascending."""

    values: tuple[float, ...]

    @cached_property
    def _array(self) -> "np.ndarray":
        import numpy as np

        return np.array([_stored(value) for value in self.values])

    @property
    def n(self) -> int:
        """Number of predictions."""
        return len(self.values)

    def percentile(self, msd: float) -> float | None:
        """Return the share (%) of predictions below `msd`, those equal to it counted half; None if there are none."""
        if not self.values:
            return None
        below, up_to = (self._array.searchsorted(_stored(msd), side=side) for side in ("left", "right"))
        return float(100 * (below + up_to) / (2 * self.n))

    def place(self, msd: float) -> int:
        """Return the place of `msd` from the top: 1 if none is larger."""
        return self.n - int(self._array.searchsorted(_stored(msd), side="right")) + 1

    def histogram(self, n_bins: int = 40) -> tuple[list[int], list[float]]:
        """Return the counts of equal bins from 0 to the largest value, and the `n_bins` + 1 edges (A^2)."""
        import numpy as np

        top = float(self._array.max(initial=0.0)) or 1.0
        counts, edges = np.histogram(self._array, bins=n_bins, range=(0.0, top))
        return counts.tolist(), edges.tolist()

    def regions(self) -> dict[str, int]:
        """Return how many predictions each region holds."""
        names = [region_of(value) for value in self.values]
        return {name: names.count(name) for name in REGIONS}


def region_of(msd: float) -> str:
    """Return the region of an MSD (A^2): low, medium or high."""
    return rules.region_of(msd, _RULE)


def distribution_of(model: orm.Data) -> MsdDistribution:
    """Return the distribution of all MSD that an SF-MSD model (node) predicted; copies by the cache count once."""
    query = orm.QueryBuilder()
    query.append(orm.Data, filters={"id": model.pk}, tag="model")
    query.append(
        orm.CalcFunctionNode,
        filters={"process_type": PREDICT_PROCESS_TYPE},
        with_incoming="model",
        edge_filters={"label": "model"},
        tag="predict",
    )
    query.append(orm.Dict, with_incoming="predict", project=[f"attributes.{name}" for name in _SAME])
    return MsdDistribution(tuple(sorted(msd for msd, _, _ in set(map(tuple, query.all())))))


def place_of(node: orm.Dict) -> tuple[MsdDistribution, float | None]:
    """Return the distribution that a prediction belongs to, and its percentile there."""
    distribution = distribution_of(model_of(node))
    return distribution, distribution.percentile(node["msd"])


def _stored(msd: float) -> float:
    """Return an MSD to 12 digits: a query on SQLite gives 15 of the 17 that the node itself holds."""
    return float(f"{msd:.12g}")


_SAME = ("msd", "label", "volume")  # equal in these: copies of one prediction
