"""From configurations to mean squared displacements: relax, then run MD at one or several temperatures."""

from typing import Any

from aiida import orm
from aiida.engine import while_
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.data import ChgnetModelData
from aiida_hezsp.workflows.base import HezspWorkChain, batches
from aiida_hezsp.workflows.jobs import md_parameters, relax_parameters
from aiida_hezsp.workflows.md import MdWorkChain
from aiida_hezsp.workflows.relax import RelaxWorkChain

__all__ = ("TransportWorkChain", "relax_inputs", "run_key")


def run_key(batch: str, temperature: float) -> str:
    """Return the key of a batch's (or a structure's) run at a temperature (K), e.g. ``b0_1000K``."""
    return f"{batch}_{temperature:g}K".replace(".", "p")


def relax_inputs(
    chain: HezspWorkChain, structures: dict[str, orm.StructureData], model: ChgnetModelData, label: str
) -> dict[str, Any]:
    """Return the inputs of `hezsp.relax` for one batch, with the settings of `chain`."""
    job = {
        "code": chain.inputs.engine.code,
        "model": model,
        "structures": structures,
        "parameters": orm.Dict(relax_parameters(chain.settings)),
        "metadata": chain.engine_metadata(label),
    }
    return {"job": job, "metadata": {"label": label}}


class TransportWorkChain(HezspWorkChain):
    """Relax structures and run MD on them, in batches, entry point `hezsp.transport` (paper, section 4.2).

    Structures are relaxed with the relaxation model and run with the MD model. A structure that fails is named in the
    results of its batch and does not stop the others.
    """

    SECTIONS = ("jobs", "relax", "md")

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare ports and outline."""
        super().define(spec)
        spec.input_namespace(
            "structures", valid_type=orm.StructureData, dynamic=True, help="The configurations, keyed by label."
        )
        spec.input("relaxation_model", valid_type=ChgnetModelData, help="The model that relaxes.")
        spec.input("md_model", valid_type=ChgnetModelData, help="The model that runs MD.")
        spec.input("mobile", valid_type=orm.Str, serializer=orm.to_aiida_type, help="The mobile element.")
        spec.outline(
            cls.queue_relaxations,
            while_(cls.has_waiting)(cls.submit_next),
            cls.collect_relaxed,
            cls.queue_md,
            while_(cls.has_waiting)(cls.submit_next),
            cls.results,
        )
        spec.output_namespace("structures", valid_type=orm.StructureData, dynamic=True, help="Relaxed structures.")
        spec.output_namespace("relaxations", valid_type=orm.Dict, dynamic=True, help="Results by batch.")
        spec.output_namespace("runs", valid_type=orm.Dict, dynamic=True, help="MD results by batch and temperature.")
        spec.output_namespace(
            "trajectories", valid_type=orm.ArrayData, dynamic=True, help="Trajectories by label and temperature."
        )

    def queue_relaxations(self) -> None:
        """Queue the relaxations, one job a batch."""
        sizes = batches(self.inputs.structures, self.settings.jobs.batch_size)
        self.ctx.batches = {f"b{number}": labels for number, labels in enumerate(sizes)}
        self.start_queue("relax_batch", self.ctx.batches)

    def relax_batch(self, key: str) -> tuple[type, dict[str, Any]]:
        """Return the relaxation of one batch."""
        structures = {label: self.inputs.structures[label] for label in self.ctx.batches[key]}
        return RelaxWorkChain, relax_inputs(self, structures, self.inputs.relaxation_model, f"relax {key}")

    def collect_relaxed(self) -> Any:
        """Keep the relaxed structures by batch."""
        for key, reason in self.failures().items():
            self.report(f"relaxations {key}: {reason}")
        self.ctx.relaxed = {}
        for key, node in self.succeeded().items():
            self.out(f"relaxations.{key}", node.outputs.results)
            self._report_left_out(key, node)
            self.ctx.relaxed[key] = dict(node.outputs.structures.items())
            for label, structure in self.ctx.relaxed[key].items():
                self.out(f"structures.{label}", structure)
        if not self.ctx.relaxed:
            return self.exit_codes.ERROR_NOTHING_LEFT.format(message="; ".join(self.failures().values()))
        return None

    def queue_md(self) -> None:
        """Queue the MD runs, one job a batch and temperature."""
        temperatures = self.settings.md.temperatures
        pairs = [(key, temperature) for key in self.ctx.relaxed for temperature in temperatures]
        self.ctx.runs = {run_key(*pair): pair for pair in pairs}
        self.start_queue("md_batch", self.ctx.runs)

    def md_batch(self, key: str) -> tuple[type, dict[str, Any]]:
        """Return the MD of one batch at one temperature."""
        batch, temperature = self.ctx.runs[key]
        parameters = md_parameters(self.settings, temperature, self.inputs.mobile.value)
        label = f"md {key}"
        job = {
            "code": self.inputs.engine.code,
            "model": self.inputs.md_model,
            "structures": self.ctx.relaxed[batch],
            "parameters": orm.Dict(parameters),
            "metadata": self.engine_metadata(label),
        }
        return MdWorkChain, {"job": job, "metadata": {"label": label}}

    def results(self) -> Any:
        """Return results and trajectories."""
        done = self.succeeded()
        for key, reason in self.failures().items():
            self.report(f"{key}: {reason}")
        if not done:
            return self.exit_codes.ERROR_NOTHING_LEFT.format(message="; ".join(self.failures().values()))
        for key, node in done.items():
            self.out(f"runs.{key}", node.outputs.results)
            self._report_left_out(key, node)
            suffix = key.partition("_")[2]
            for label, trajectory in node.outputs.trajectories.items():
                self.out(f"trajectories.{label}_{suffix}", trajectory)
        return None

    def _report_left_out(self, key: str, node: orm.ProcessNode) -> None:
        """Report the structures of a batch that have no result."""
        for label, reason in node.outputs.results["left_out"].items():
            self.report(f"{key} leaves out {label}: {reason}")
