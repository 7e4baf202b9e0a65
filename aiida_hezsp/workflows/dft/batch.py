"""Run DFT on many structures, a bounded number at once, and collect the labelled images."""

import json
from collections.abc import Collection, Iterable
from typing import Any

from aiida import orm
from aiida.engine import while_
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.data import ImageData
from aiida_hezsp.errors import HezspError
from aiida_hezsp.workflows.base import HezspWorkChain
from aiida_hezsp.workflows.dft.engines import (
    ENGINES,
    DftEngine,
    VaspWorkChain,
    add_engines,
    add_vasp,
    dft_engine,
)
from aiida_hezsp.workflows.dft.validation import validate_dft

__all__ = ("FRUITFUL", "VaspBatchWorkChain", "VaspQueueWorkChain", "VaspWorkChain", "add_vasp", "without_repetitions")

# A: closer atoms are a broken structure, of which pymatgen can make no inputs.
_MIN_DISTANCE = 0.5
FRUITFUL = ENGINES["vasp"].fruitful


def without_repetitions(jobs: Iterable[orm.CalcJobNode], finished: Collection[int]) -> list[orm.CalcJobNode]:
    """Return the calculations in order, one of each with the same structure and parameters.

    A daemon that is killed between submitting a calculation and remembering that it did submits it a second time; its
    ionic steps would count twice. Kept is the last one that finished, or the last one.
    """
    kept: dict[tuple[str, str], orm.CalcJobNode] = {}
    for job in sorted(jobs, key=lambda node: (node.exit_status in finished, node.pk)):
        parameters = json.dumps(job.inputs.parameters.get_dict(), sort_keys=True)
        kept[job.inputs.structure.uuid, parameters] = job
    return sorted(kept.values(), key=lambda node: node.pk)


class VaspQueueWorkChain(HezspWorkChain):
    """Base of the work chains that run DFT on a namespace of structures: restarts are the plugins' own.

    VASP is the default; a subclass that declares the namespaces of the other engines too runs the one that
    `dft.engine` names.
    """

    KIND: str

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare ports; the outline is that of a subclass."""
        super().define(spec)
        cls.add_codes(spec)
        spec.input_namespace(
            "structures", valid_type=orm.StructureData, dynamic=True, help="The structures, keyed by label."
        )
        spec.inputs.validator = validate_dft

    @classmethod
    def add_codes(cls, spec: WorkChainSpec) -> None:
        """Declare the codes that can run: VASP alone."""
        add_vasp(spec)

    @property
    def dft_engine(self) -> DftEngine:
        """The code that runs."""
        return dft_engine(self.inputs.settings.get_dict()["dft"])

    def queue_vasp(self) -> None:
        """Queue one DFT work chain per structure; those that no calculation can help are only reported."""
        reasons = {key: self.refusal(key) for key in self.inputs.structures}
        self.ctx.refused = {key: reason for key, reason in reasons.items() if reason}
        self.start_queue("vasp_for", sorted(set(reasons) - set(self.ctx.refused)))

    def refusal(self, key: str) -> str | None:
        """Return why no inputs can be made of a structure, if none can."""
        if not self.inputs.structures[key].get_pymatgen().is_valid(tol=_MIN_DISTANCE):
            return f"two atoms are closer than {_MIN_DISTANCE} A"
        try:
            self.vasp_for(key)
        except (HezspError, ValueError, LookupError) as error:  # ours, and what pymatgen's sets raise
            return f"no {self.dft_engine.title} inputs can be made: {error}"
        return None

    def queue_again(self) -> None:
        """Queue once more what was killed before its first ionic step ended: aiida-vasp gives such a relaxation up."""
        reason = "No output structure for restart"  # aiida-vasp's words
        self.ctx.waiting = [key for key, node in self.done().items() if reason in (node.exit_message or "")]
        for key in self.ctx.waiting:
            self.report(f"{key}: killed before its first ionic step ended, started again")

    def failures(self) -> dict[str, str]:
        """Return why structures failed, by key."""
        return {**self.ctx.refused, **super().failures()}

    def vasp_for(self, key: str) -> tuple[type, dict[str, Any]]:
        """Return the DFT work chain of one structure."""
        dft, engine = self.inputs.settings.get_dict()["dft"], self.dft_engine
        given = self.inputs[engine.namespace]
        return engine.process(self.inputs.structures[key], given, dft, self.KIND, f"{self.KIND} {key}")

    def runs_of(self, key: str, statuses: Collection[int] | None = None) -> list[orm.CalcJobNode]:
        """Return the calculations of one structure that ended with one of the statuses (`fruitful` ones), in order."""
        wanted = self.dft_engine.fruitful if statuses is None else statuses
        called = [node for node in self.done()[key].called if isinstance(node, orm.CalcJobNode)]
        usable = [node for node in called if node.exit_status in wanted and "retrieved" in node.outputs]
        return without_repetitions(usable, self.dft_engine.finished)


class VaspBatchWorkChain(VaspQueueWorkChain):
    """Base of `hezsp.dft.relax_images` and `hezsp.dft.single_points`."""

    SECTIONS = ("jobs", "dft")

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare ports and outline."""
        super().define(spec)
        del spec.inputs["engine"]  # DFT alone runs here
        spec.outline(
            cls.setup,
            while_(cls.has_waiting)(cls.submit_next),
            cls.queue_again,
            while_(cls.has_waiting)(cls.submit_next),
            cls.collect_images,
            cls.results,
        )
        spec.output("images", valid_type=ImageData, help="The dataset; every image knows its calculation.")
        spec.output("removed", valid_type=orm.Dict, help="Images left out, and why.")
        spec.output("report", valid_type=orm.Dict, help="Structures that failed, and why.")

    @classmethod
    def add_codes(cls, spec: WorkChainSpec) -> None:
        """Declare the codes that can run: any engine."""
        add_engines(spec)

    def setup(self) -> None:
        """Queue the calculations."""
        self.queue_vasp()
        self.ctx.datasets, self.ctx.left_out, self.ctx.barren = {}, {}, {}

    def failures(self) -> dict[str, str]:
        """Return why structures failed, or gave no images although DFT ended, by key."""
        return {**self.ctx.barren, **super().failures()}

    def run_inputs(self, runs: dict[str, orm.CalcJobNode]) -> dict[str, dict[str, orm.Data]]:
        """Return the outputs of runs as a selecting calcfunction takes them; a killed run has no trajectory."""
        name = self.dft_engine.trajectory
        return {
            "trajectories": {key: node.outputs[name] for key, node in runs.items() if name in node.outputs},
            "retrieved": {key: node.outputs.retrieved for key, node in runs.items()},
        }

    def keep(self, key: str, collected: dict[str, orm.Data], barren: dict[str, str]) -> None:
        """Keep what a selecting calcfunction returned under the key of a dataset, and structures without images."""
        self.ctx.barren.update(barren)
        if "images" in collected:
            self.ctx.datasets[key] = collected["images"]
            self.ctx.left_out[key] = collected["left_out"]

    def collect_images(self) -> Any:
        """Make `self.ctx.datasets` and `self.ctx.left_out`, by key."""
        raise NotImplementedError

    def results(self) -> Any:
        """Merge the image sets, leave out abnormal images, and return the dataset."""
        from aiida_hezsp.calculations.merge_images import merge_images

        failures = self.failures()
        for key, reason in failures.items():
            self.report(f"{key}: {reason}")
        if not self.ctx.datasets:
            message = next(iter(failures.values()), f"no {self.dft_engine.title} calculation gave images")
            return self.exit_codes.ERROR_NOTHING_LEFT.format(message=message)
        rule = orm.Dict({"outlier_threshold": self.settings.dft.images.outlier_threshold})
        merged = merge_images(rule=rule, datasets=self.ctx.datasets, left_out=self.ctx.left_out)
        self.out("images", merged["images"])
        self.out("removed", merged["removed"])
        self.out("report", orm.Dict({"failed": failures}).store())
        return None
