"""Three regions of predicted MSD, what is drawn from each to be checked by MD, and the judgement (paper, Fig. 6)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from aiida_hezsp.errors import SettingsError

__all__ = ("REGIONS", "RegionRule", "draw_checks", "judge", "population", "region_of", "summarise_checks")

REGIONS = ("high", "medium", "low")


@dataclass(frozen=True)
class RegionRule:
    """Where regions begin (A^2), how many of each are drawn with which seed, and what is accepted.

    A prediction is accepted where it misses the MD by less than `max_error` (A^2) or, in the high region, by at most
    the fraction `max_relative_error` of the MD.
    """

    low: float = 40.0
    high: float = 120.0
    per_region: int = 10
    seed: int = 1
    max_error: float = 30.0
    max_relative_error: float = 0.25

    def __post_init__(self) -> None:
        """Check the order of the thresholds."""
        if not self.low < self.high or self.per_region < 0:
            raise SettingsError(
                f"regions begin at low {self.low:g} and high {self.high:g} A^2 and draw {self.per_region} each: "
                "low < high and a number of at least 0 are needed"
            )


def region_of(msd: float, rule: RegionRule) -> str:
    """Return the region of a predicted MSD (A^2); both thresholds belong to the medium one."""
    if msd > rule.high:
        return "high"
    return "low" if msd < rule.low else "medium"


def population(predicted: Mapping[str, float], rule: RegionRule) -> dict[str, int]:
    """Return how many predictions (A^2, by label) lie in each region."""
    regions = [region_of(msd, rule) for msd in predicted.values()]
    return {region: regions.count(region) for region in REGIONS}


def draw_checks(predicted: Mapping[str, float], rule: RegionRule) -> dict[str, list[str]]:
    """Return the labels drawn from each region: all of a region that has no more than `rule.per_region`.

    The draw ranks the labels of a region by a hash of seed and label. It depends on nothing else, so that a screen
    that was extended keeps what it drew but for new ones that rank before.
    """
    drawn: dict[str, list[str]] = {}
    for region in REGIONS:
        labels = [label for label, msd in predicted.items() if region_of(msd, rule) == region]
        drawn[region] = sorted(labels, key=lambda label: _rank(rule.seed, label))[: rule.per_region]
    return drawn


def judge(predicted: float, measured: float, rule: RegionRule) -> dict[str, Any]:
    """Return region, error (prediction minus MD, A^2), relative error, and whether and why it is accepted."""
    region, error = region_of(predicted, rule), predicted - measured
    relative = error / measured if measured > 0.0 else None
    by = None
    if abs(error) < rule.max_error:
        by = "error"
    elif region == "high" and relative is not None and abs(relative) <= rule.max_relative_error:
        by = "relative error"
    return {
        "region": region,
        "error": error,
        "relative_error": relative,
        "accepted": by is not None,
        "accepted_by": by,
        "in_region": region_of(measured, rule) == region,
    }


def summarise_checks(rows: list[dict[str, Any]]) -> dict[str, dict[str, float | int | None]]:
    """Return by region, and for `all`: number checked, accepted, and mean and root mean square of the errors (A^2)."""
    chosen = {region: [row for row in rows if row["region"] == region] for region in REGIONS}
    return {name: _summary(part) for name, part in {**chosen, "all": rows}.items()}


def _summary(rows: list[dict[str, Any]]) -> dict[str, float | int | None]:
    errors = [float(row["error"]) for row in rows]
    return {
        "checked": len(rows),
        "accepted": sum(bool(row["accepted"]) for row in rows),
        "mean_error": fmean(errors) if errors else None,
        "rmse": fmean(error**2 for error in errors) ** 0.5 if errors else None,
    }


def _rank(seed: int, label: str) -> str:
    return hashlib.sha256(f"{seed}:{label}".encode()).hexdigest()
