"""Estimate what jobs cost, from the measured figures of `protocols/costs.yaml`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from math import ceil
from typing import Any

import yaml

from aiida_hezsp.sfmsd.balance import SplitStep
from aiida_hezsp.sfmsd.sisso.candidates import SissoChoice, SissoSearch
from aiida_hezsp.sfmsd.sisso.cost import duration

__all__ = ("Estimator", "Stage")

_ARRAY_HEADERS = 2000  # bytes: names, shapes and types of the arrays of a trajectory


@dataclass(frozen=True)
class Stage:
    """One stage of a plan; `core_hours` and `disk_mb` are estimates."""

    name: str
    what: str
    structures: int
    jobs: int
    steps: int
    core_hours: float
    disk_mb: float

    def to_dict(self) -> dict[str, Any]:
        """Return the stage as plain data."""
        return asdict(self)


class Estimator:
    """Counts jobs and multiplies steps with costs; `atoms` is the number of atoms of each structure."""

    def __init__(self, settings: Mapping[str, Any], *, standin: bool = False) -> None:
        """Read the costs for the settings of a protocol; `standin`: the stand-in plays VASP."""
        text = files("aiida_hezsp.workflows").joinpath("protocols", "costs.yaml").read_text(encoding="utf8")
        self.costs = yaml.safe_load(text)
        self.settings = settings
        self.standin = standin

    def relaxation(self, name: str, atoms: Sequence[int]) -> Stage:
        """Return a CHGNet relaxation; looser thresholds need fewer steps."""
        chgnet, relax = self.costs["chgnet"], self.settings["relax"]
        steps = min(relax["max_steps"], round(chgnet["relax_steps"] * (0.05 / relax["fmax"]) ** 0.5))
        seconds = sum(atoms) * steps * chgnet["relax_step_per_atom"]
        return self._engine(name, f"CHGNet relaxation, {_sizes(atoms)}", len(atoms), steps, seconds, len(atoms) * 0.02)

    def dynamics(self, name: str, atoms: Sequence[int], md: Mapping[str, Any], mobile_share: float = 0.15) -> Stage:
        """Return MD at all temperatures of `md`; `mobile_share` of the atoms are recorded."""
        temperatures = md["temperatures"]
        steps = md["n_steps"] * len(temperatures)
        seconds = sum(atoms) * steps * self.costs["chgnet"]["md_step_per_atom"]
        listed = "/".join(f"{value:g}" for value in temperatures)
        what = f"MD, {_sizes(atoms)}, {listed} K, {md['n_steps'] * md['timestep'] / 1000:g} ps"
        disk_mb = sum(_trajectory_bytes(number, md, mobile_share) for number in atoms) * len(temperatures) / 1e6
        return self._engine(name, what, len(atoms), steps, seconds, disk_mb, len(temperatures))

    def vasp(self, name: str, kind: str, atoms: Sequence[int]) -> Stage:
        """Return VASP calculations: `relaxation` or `single_point`."""
        seconds = self._standin_seconds(kind, atoms) if self.standin else self._vasp_seconds(kind, atoms)
        code = "pw.x" if self.settings["dft"]["engine"] == "quantumespresso" else "VASP"  # taken to cost the same
        what = f"{'VASP stand-in' if self.standin else code} {kind.replace('_', ' ')}s, {_sizes(atoms)}"
        disk_mb = len(atoms) * self.costs["vasp"]["disk_mb"]
        return Stage(name, what, len(atoms), len(atoms), 0, seconds / 3600, disk_mb)

    def aimd(self, name: str, atoms: Sequence[int]) -> Stage:
        """Return AIMD runs in segments."""
        aimd, costs = self.settings["dft"]["aimd"], self.costs["vasp"]
        steps, segments = aimd["n_steps"], ceil(aimd["n_steps"] / aimd["segment_steps"])
        if self.standin:
            seconds = sum(atoms) * steps * self.costs["standin"]["step_per_atom"]
            seconds += len(atoms) * segments * self.costs["standin"]["job"]
        else:
            growth = sum((number / 40) ** costs["exponent"] for number in atoms)
            seconds = costs["aimd_step_40_atoms"] * steps * growth
        length = f"{steps * aimd['timestep'] / 1000:g} ps"
        what = f"{'VASP stand-in' if self.standin else 'VASP'} MD, {_sizes(atoms)}, {aimd['temperature']:g} K, {length}"
        disk_mb = sum(atoms) * steps * costs["aimd_disk_mb_per_atom_step"]
        return Stage(name, what, len(atoms), len(atoms) * segments, steps, seconds / 3600, disk_mb)

    def _vasp_seconds(self, kind: str, atoms: Sequence[int]) -> float:
        """Return the time of VASP calculations."""
        costs = self.costs["vasp"]
        growth = sum((number / 40) ** costs["exponent"] for number in atoms)
        return float(costs[f"{kind}_40_atoms"] * growth + len(atoms) * self.costs["overheads"]["vasp_job"])

    def _standin_seconds(self, kind: str, atoms: Sequence[int]) -> float:
        """Return the time of calculations by the stand-in."""
        costs = self.costs["standin"]
        steps = costs["relaxation_steps"] if kind == "relaxation" else 1
        return float(sum(atoms) * steps * costs["step_per_atom"] + len(atoms) * costs["job"])

    def finetune(self, name: str, section: str, atoms: Sequence[int]) -> Stage:
        """Return a fine-tuning on images with these numbers of atoms."""
        settings = self.settings["potential"][section]
        epochs, share = settings["epochs"], settings["split"]["train"]
        seconds = sum(atoms) * share * epochs * self.costs["chgnet"]["finetune_image_per_atom"]
        hours = (seconds + self.costs["overheads"]["engine_job"]) / 3600
        return Stage(name, f"CHGNet, {len(atoms)} images, {epochs} epochs", len(atoms), 1, epochs, hours, 5.0)

    def training(
        self, name: str, rows: Mapping[str, int], n_features: int, splits: Sequence[Mapping[str, Any]]
    ) -> Stage:
        """Return the search and training of the SF-MSD models.

        Args:
            name: of the stage.
            rows: compositions by dataset.
            n_features: columns of the table.
            splits: steps that take rows away from training.
        """
        settings = self.settings["sfmsd"]["training"]
        iterations, folds = settings["search_iterations"], settings["cv"]
        trees = [kind for kind in settings["models"] if kind != "SISSO"]
        fits = len(trees) * iterations * folds
        seconds = fits * self.costs["overheads"]["sfmsd_fit"]
        remark = ""
        if "SISSO" in settings["models"]:
            choice = SissoSearch(**settings["sisso"]).choose(n_features, _rows_left(rows, splits))
            fits += choice.fits(iterations, folds)
            seconds += choice.seconds(iterations, folds)
            remark = _left_out(choice)
        what = f"{', '.join(settings['models'])}: {fits} fits{remark}"
        return Stage(name, what, sum(rows.values()), 1, fits, seconds / 3600, 2.0)

    def prediction(self, name: str, count: int) -> Stage:
        """Return features and predictions, which run inside the work chain."""
        hours = count * self.costs["overheads"]["prediction"] / 3600
        return Stage(name, f"features and {self.settings['screen']['model']} model", count, 0, 0, hours, count * 0.01)

    def _engine(
        self, name: str, what: str, structures: int, steps: int, seconds: float, disk_mb: float, runs: int = 1
    ) -> Stage:
        """Return a stage of engine jobs, in batches, `runs` times over."""
        jobs = ceil(structures / self.settings["jobs"]["batch_size"]) * runs
        hours = (seconds + jobs * self.costs["overheads"]["engine_job"]) / 3600
        return Stage(name, what, structures, jobs, steps, hours, disk_mb)


def _trajectory_bytes(atoms: int, md: Mapping[str, Any], mobile_share: float) -> float:
    """Return the size of a trajectory: three float32 an ion, four float64 (times, temperatures, energies, MSD)."""
    records = md["n_steps"] // md["record_every"] + 1
    frames = md["n_steps"] // md["frames_every"] + 1 if md["frames_every"] else 0
    return records * (12 * mobile_share * atoms + 32) + frames * (12 * atoms + 8) + _ARRAY_HEADERS


def _rows_left(rows: Mapping[str, int], splits: Sequence[Mapping[str, Any]]) -> int:
    """Return how many rows are trained on after all splits, as far as numbers and shares tell."""
    left = dict(rows)
    for step in (SplitStep(**split) for split in splits):
        chosen = {name: count for name, count in left.items() if step.dataset in {None, name}}
        total = sum(chosen.values())
        keep = total if (number := step.number(total)) is None else min(number, total)
        left |= {name: count * keep / total for name, count in chosen.items() if total}
    return max(round(sum(left.values())), 1)


def _left_out(choice: SissoChoice) -> str:
    """Say which settings of SISSO are not tried, and what the largest would cost."""
    if not choice.left_out:
        return ""
    last = choice.left_out[-1]
    return (
        f"; without {len(choice.left_out)} SISSO settings above {duration(choice.max_fit_seconds)} a fit (dimension "
        f"{last.dimension}, complexity {last.complexity}: {duration(last.cost.seconds)} a fit)"
    )


def _sizes(atoms: Sequence[int]) -> str:
    """Return the range of cell sizes in words."""
    if not atoms:
        return "no cells"
    low, high = min(atoms), max(atoms)
    return f"{low} atoms" if low == high else f"{low} to {high} atoms"
