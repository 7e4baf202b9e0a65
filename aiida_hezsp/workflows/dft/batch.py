"""Run VASP on many structures, a bounded number at once, and collect the labelled images."""

from typing import Any

from aiida import orm
from aiida.engine import while_
from aiida.engine.processes.workchains.workchain import WorkChainSpec
from aiida.plugins import WorkflowFactory

from aiida_hezsp.data import ImageData
from aiida_hezsp.workflows.base import HezspWorkChain
from aiida_hezsp.workflows.dft.vasp_inputs import vasp_inputs

__all__ = ("VaspBatchWorkChain", "add_vasp")

VaspWorkChain = WorkflowFactory("vasp.vasp")
# A relaxation that used up its steps still visited valid images (aiida-vasp: ERROR_IONIC_NOT_CONVERGED).
_USABLE = (0, 702)
# A: closer atoms are a broken structure, of which pymatgen can make no inputs.
_MIN_DISTANCE = 0.5


def add_vasp(spec: WorkChainSpec) -> None:
    """Declare the namespace `vasp`: how to run VASP, and with which potentials."""
    spec.input("vasp.code", valid_type=orm.AbstractCode, help="The code of VASP (or of its stand-in).")
    spec.input(
        "vasp.potential_family",
        valid_type=orm.Str,
        serializer=orm.to_aiida_type,
        help="POTCAR family, as uploaded by `aiida-vasp potcar uploadfamily`.",
    )
    spec.input(
        "vasp.options",
        valid_type=orm.Dict,
        required=False,
        serializer=orm.to_aiida_type,
        help="`metadata.options` of VASP jobs: resources, walltime, queue.",
    )


class VaspBatchWorkChain(HezspWorkChain):
    """Base of `hezsp.dft.relax_images` and `hezsp.dft.single_points`: restarts are aiida-vasp's own."""

    SECTIONS = ("jobs", "dft")
    KIND: str

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare ports and outline."""
        super().define(spec)
        del spec.inputs["engine"]  # VASP alone runs here
        add_vasp(spec)
        spec.input_namespace(
            "structures", valid_type=orm.StructureData, dynamic=True, help="The structures, keyed by label."
        )
        spec.outline(
            cls.setup,
            while_(cls.has_waiting)(cls.submit_next),
            cls.collect_images,
            cls.results,
        )
        spec.output("images", valid_type=ImageData, help="The dataset; every image knows its calculation.")
        spec.output("removed", valid_type=orm.Dict, help="Images left out, and why.")
        spec.output("report", valid_type=orm.Dict, help="Structures that failed, and why.")

    def setup(self) -> None:
        """Queue one VASP work chain per structure; those that no calculation can help are only reported."""
        structures = dict(self.inputs.structures.items())
        self.ctx.refused = {
            key: f"two atoms are closer than {_MIN_DISTANCE} A"
            for key, node in structures.items()
            if not node.get_pymatgen().is_valid(tol=_MIN_DISTANCE)
        }
        self.start_queue("vasp_for", sorted(set(structures) - set(self.ctx.refused)))

    def failures(self) -> dict[str, str]:
        """Return why structures failed, by key."""
        return {**self.ctx.refused, **super().failures()}

    def vasp_for(self, key: str) -> tuple[type, dict[str, Any]]:
        """Return the VASP work chain of one structure."""
        settings = self.inputs.settings.get_dict()
        structure = self.inputs.structures[key]
        return VaspWorkChain, vasp_inputs(structure, self.inputs.vasp, settings["dft"], self.KIND, f"{self.KIND} {key}")

    def runs_of(self, key: str) -> list[orm.CalcJobNode]:
        """Return the usable VASP calculations of one structure, restarts in order."""
        called = [node for node in self.done()[key].called if isinstance(node, orm.CalcJobNode)]
        usable = [node for node in called if node.exit_status in _USABLE and "trajectory" in node.outputs]
        return sorted(usable, key=lambda node: node.pk)

    def run_inputs(self, runs: dict[str, orm.CalcJobNode]) -> dict[str, dict[str, orm.Data]]:
        """Return the outputs of runs as a selecting calcfunction takes them."""
        return {
            "trajectories": {key: node.outputs.trajectory for key, node in runs.items()},
            "retrieved": {key: node.outputs.retrieved for key, node in runs.items()},
        }

    def collect_images(self) -> Any:
        """Make `self.ctx.datasets`, image sets by key."""
        raise NotImplementedError

    def results(self) -> Any:
        """Merge the image sets, leave out abnormal images, and return the dataset."""
        from aiida_hezsp.calculations.merge_images import merge_images

        failures = self.failures()
        for key, reason in failures.items():
            self.report(f"{key}: {reason}")
        if not self.ctx.datasets:
            message = next(iter(failures.values()), "no VASP calculation gave images")
            return self.exit_codes.ERROR_NOTHING_LEFT.format(message=message)
        rule = orm.Dict({"outlier_threshold": self.settings.dft.images.outlier_threshold})
        merged = merge_images(rule=rule, datasets=self.ctx.datasets)
        self.out("images", merged["images"])
        self.out("removed", merged["removed"])
        self.out("report", orm.Dict({"failed": failures}).store())
        return None
