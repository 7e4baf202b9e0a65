"""What the work chains behind the screen would run: checks by MD, Arrhenius runs, decorations."""

from collections.abc import Sequence
from statistics import median_low

from aiida_hezsp.chemistry import parse_formula
from aiida_hezsp.families import Family
from aiida_hezsp.sfmsd.acquisition import AcquisitionRule
from aiida_hezsp.sfmsd.regions import REGIONS, RegionRule
from aiida_hezsp.workflows.compositions import host_formula
from aiida_hezsp.workflows.costs import Estimator, Stage

__all__ = ("active_rows", "active_stages", "robustness_stages", "verify_stages")


def verify_stages(estimator: Estimator, family: Family, screened: Sequence[int]) -> list[Stage]:
    """Return the stages of `hezsp.verify` after a screen of cells with these numbers of atoms.

    Which structures are checked, nobody knows before the screen: as many as regions can give, of the median size.

    Raises:
        SettingsError: the regions contradict themselves.
    """
    settings = estimator.settings
    verify, arrhenius = settings["verify"], settings["verify"]["arrhenius"]
    rule = RegionRule(**verify["regions"])
    size = median_low(screened)
    checked = [size] * min(len(REGIONS) * rule.per_region, len(screened))
    stages = []
    if checked:
        md = {**settings["md"], "temperatures": settings["md"]["temperatures"][:1]}
        stages.append(estimator.dynamics("checks by MD", checked, md))
    if arrhenius["temperatures"]:
        cells = [size]
        if arrhenius["host"]:
            cells.append(_atoms(family, host_formula(family), verify["cell"]))
            stages.append(estimator.relaxation("best and host", cells))
        steps = arrhenius["n_steps"] or settings["md"]["n_steps"]
        md = {**settings["md"], "temperatures": arrhenius["temperatures"], "n_steps": steps}
        stages.append(estimator.dynamics("Arrhenius runs", cells, md))
    return stages


def robustness_stages(estimator: Estimator, family: Family) -> list[Stage]:
    """Return the stages of `hezsp.robustness`."""
    settings = estimator.settings["robustness"]
    cells = [_atoms(family, settings["formula"], settings["cell"])] * settings["n"]
    return [
        estimator.relaxation("random decorations", cells),
        estimator.prediction("predictions of decorations", len(cells)),
    ]


def active_stages(estimator: Estimator, pool: Sequence[int], rows: int) -> list[Stage]:
    """Return the relaxation of the pool of `hezsp.active` and its MD, a batch or more a round, of the median size.

    Args:
        estimator: of costs.
        pool: number of atoms of each composition.
        rows: number of compositions that get MD (`active_rows`).

    Raises:
        SettingsError: the acquisition is none, or its numbers are impossible.
    """
    settings = estimator.settings
    active, size = settings["active"], median_low(pool)
    AcquisitionRule(active["acquisition"], active["kappa"], active["seed"])
    md = {**settings["md"], "temperatures": settings["md"]["temperatures"][:1]}
    first = min(active["first"], len(pool))
    stages = [estimator.relaxation("pool", pool), estimator.dynamics("MD, first round", [size] * first, md)]
    left = rows - first
    for number in range(1, active["rounds"] + 1):
        count = min(active["per_round"], left)
        left -= count
        if count:
            stages.append(estimator.dynamics(f"MD, round {number}", [size] * count, md))
    return stages


def active_rows(estimator: Estimator, pool: Sequence[int]) -> int:
    """Return how many compositions get MD."""
    active = estimator.settings["active"]
    return min(len(pool), active["first"] + active["rounds"] * active["per_round"])


def _atoms(family: Family, formula: str, cell: str) -> int:
    """Return the number of atoms of a cell of a composition."""
    return sum(parse_formula(family, formula).sites(cell).values())
