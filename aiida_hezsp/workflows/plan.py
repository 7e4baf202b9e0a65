"""What a work chain would run: stages with jobs, structures, steps and expected cost."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiida_hezsp.chemistry import parse_formula
from aiida_hezsp.families import Family
from aiida_hezsp.sfmsd.features import feature_definitions
from aiida_hezsp.workflows.compositions import chosen_datasets, chosen_formulas
from aiida_hezsp.workflows.costs import Estimator, Stage
from aiida_hezsp.workflows.plan_checks import active_rows, active_stages, robustness_stages, verify_stages

__all__ = ("Stage", "plan")

Settings = Mapping[str, Any]


def _cells(family: Family, choices: Any, cell: str) -> list[int]:
    """Return the number of atoms of each cell that a protocol's choice of compositions gives."""
    formulas = chosen_formulas(family, choices)
    return [sum(parse_formula(family, formula).sites(cell).values()) for formula in formulas]


def _potential(estimator: Estimator, family: Family) -> list[Stage]:
    """Return the stages of `hezsp.potential`."""
    settings = estimator.settings
    potential, images = settings["potential"], settings["dft"]["images"]
    cells = _cells(family, potential["compositions"], potential["cell"])
    md_cells = _cells(family, potential["compositions"], potential["md_cell"])
    md = {**settings["md"], **potential["md"], "temperatures": [potential["md"]["temperature"]]}
    kept = [number for number in cells for _ in range(images["head"] + images["tail"])]
    transitions = [number for number in md_cells for _ in range(potential["transition"]["n_images"])]
    return [
        estimator.vasp("relaxation dataset", "relaxation", cells),
        estimator.finetune("relaxation model", "relaxation_finetune", kept),
        estimator.relaxation("cells for MD images", md_cells),
        estimator.dynamics("MD images", md_cells, md),
        estimator.vasp("MD dataset", "single_point", transitions),
        estimator.finetune("MD model", "md_finetune", transitions),
    ]


def _sfmsd(estimator: Estimator, family: Family) -> list[Stage]:
    """Return the stages of `hezsp.sfmsd`."""
    settings = estimator.settings["sfmsd"]
    cells = _cells(family, settings["compositions"], settings["cell"])
    return [
        estimator.relaxation("training structures", cells),
        estimator.dynamics("MD targets", cells, estimator.settings["md"]),
        *_trainings(estimator, family),
    ]


def _trainings(estimator: Estimator, family: Family) -> list[Stage]:
    """Return the trainings of the SF-MSD models: those of the screen, then those to compare with."""
    settings = estimator.settings["sfmsd"]
    counts = Counter(chosen_datasets(family, settings["compositions"]).values())
    main = {"feature_set": settings["feature_set"], "splits": settings["training"]["splits"], "datasets": list(counts)}
    parts = [("SF-MSD models", main)] + [(f"SF-MSD models: {one['name']}", one) for one in settings["variants"]]
    stages = []
    for name, part in parts:
        only = part["datasets"]
        rows = {dataset: count for dataset, count in counts.items() if only is None or dataset in only}
        stages.append(estimator.training(name, rows, _n_features(family, part["feature_set"]), part["splits"]))
    return stages


def _n_features(family: Family, feature_set: str) -> int:
    """Return the number of features of a set.

    Raises:
        HezspError: the family has no such set.
    """
    return len(feature_definitions(family, feature_set))


def _screen(estimator: Estimator, family: Family) -> list[Stage]:
    """Return the stages of `hezsp.screen`."""
    settings = estimator.settings["screen"]
    cells = _cells(family, settings["compositions"], settings["cell"])
    return [estimator.relaxation("screened structures", cells), estimator.prediction("predictions", len(cells))]


def _active(estimator: Estimator, family: Family) -> list[Stage]:
    """Return the stages of `hezsp.active`."""
    settings = estimator.settings["sfmsd"]
    pool = _cells(family, settings["compositions"], settings["cell"])
    rows, columns = active_rows(estimator, pool), _n_features(family, settings["feature_set"])
    training = estimator.training("SF-MSD models", {"all": rows}, columns, [])
    return [*active_stages(estimator, pool, rows), training]


def _verify(estimator: Estimator, family: Family) -> list[Stage]:
    """Return the stages of `hezsp.verify` after the screen."""
    settings = estimator.settings["screen"]
    return verify_stages(estimator, family, _cells(family, settings["compositions"], settings["cell"]))


def _robustness(estimator: Estimator, family: Family) -> list[Stage]:
    """Return the stages of `hezsp.robustness` where it is part of the discovery."""
    return robustness_stages(estimator, family) if estimator.settings["robustness"]["in_discover"] else []


_CAMPAIGNS: dict[str, tuple[Callable[[Estimator, Family], list[Stage]], ...]] = {
    "potential": (_potential,),
    "sfmsd": (_sfmsd,),
    "active": (_active,),
    "screen": (_screen,),
    "screen.checked": (_screen, _verify),
    "verify": (_verify,),
    "robustness": (robustness_stages,),
    "discover": (_potential, _sfmsd, _screen, _verify, _robustness),
}

_ON_STRUCTURES: dict[str, Callable[[Estimator, Sequence[int]], list[Stage]]] = {
    "relax": lambda estimator, atoms: [estimator.relaxation("relaxation", atoms)],
    "assess": lambda estimator, atoms: [
        estimator.relaxation("relaxation", atoms),
        estimator.prediction("predictions", len(atoms)),
    ],
    "md": lambda estimator, atoms: [estimator.dynamics("MD", atoms, estimator.settings["md"])],
    "transport": lambda estimator, atoms: [
        estimator.relaxation("relaxation", atoms),
        estimator.dynamics("MD", atoms, estimator.settings["md"]),
    ],
    "finetune.relaxation": lambda estimator, atoms: [estimator.finetune("fine-tuning", "relaxation_finetune", atoms)],
    "finetune.md": lambda estimator, atoms: [estimator.finetune("fine-tuning", "md_finetune", atoms)],
    "dft.relax_images": lambda estimator, atoms: [estimator.vasp("relaxation dataset", "relaxation", atoms)],
    "dft.single_points": lambda estimator, atoms: [estimator.vasp("single points", "single_point", atoms)],
    "dft.aimd": lambda estimator, atoms: [estimator.aimd("AIMD", atoms)],
    "checks.relaxation": lambda estimator, atoms: [
        estimator.relaxation("CHGNet relaxations", atoms),
        estimator.vasp("DFT relaxations", "relaxation", atoms),
    ],
    "checks.dynamics": lambda estimator, atoms: [
        estimator.aimd("AIMD", atoms),
        estimator.dynamics("CHGNet MD", atoms, _as_aimd(estimator.settings)),
    ],
}


def _as_aimd(settings: Settings) -> Settings:
    """Return the section `md` with temperature and length of the AIMD that it is compared with."""
    aimd = settings["dft"]["aimd"]
    shared = {name: aimd[name] for name in ("timestep", "n_steps", "record_every", "frames_every")}
    return {**settings["md"], **shared, "temperatures": [aimd["temperature"]]}


def plan(
    kind: str,
    family: Family,
    settings: Settings,
    atoms: Sequence[int] | None = None,
    *,
    standin: bool = False,
) -> list[Stage]:
    """Return the stages of a work chain, named as its entry point without `hezsp.`.

    Nothing is launched and nothing is stored. Counts are exact where nothing fails; costs are estimates.

    Args:
        kind: e.g. ``discover`` or ``dft.relax_images``.
        family: the family.
        settings: a whole protocol.
        atoms: numbers of atoms of the structures (or images), for a work chain that takes such.
        standin: whether the stand-in plays VASP, which costs little.
    """
    estimator = Estimator(settings, standin=standin)
    if kind in _ON_STRUCTURES:
        return _ON_STRUCTURES[kind](estimator, list(atoms or []))
    return [stage for part in _CAMPAIGNS[kind] for stage in part(estimator, family)]
