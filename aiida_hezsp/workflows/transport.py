"""From configurations to conductivities: relax, run MD at one or several temperatures, sum up."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiida import orm
from aiida.engine import while_
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.calculations.conductivity import conductivity
from aiida_hezsp.data import ChgnetModelData
from aiida_hezsp.workflows.base import HezspWorkChain, batches
from aiida_hezsp.workflows.jobs import md_parameters, relax_parameters
from aiida_hezsp.workflows.md import MdWorkChain
from aiida_hezsp.workflows.relax import RelaxWorkChain

__all__ = ("TransportWorkChain", "relax_inputs", "relaxations_of", "run_key")


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


def relaxations_of(labels: Iterable[str], results: Mapping[str, orm.Dict]) -> dict[str, orm.Dict]:
    """Return those results of `hezsp.relax`, by batch, that hold some of the labels."""
    wanted = set(labels)
    return {key: node for key, node in results.items() if wanted & set(node["results"])}


class TransportWorkChain(HezspWorkChain):
    """Relax structures, run MD on them and sum up their transport, entry point `hezsp.transport` (paper, section 4.2).

    Structures are relaxed with the relaxation model and run with the MD model, in batches. Each gets D with its error
    and sigma at every temperature and, from two temperatures on, an activation energy and an extrapolated sigma. A
    structure that fails is named in the results of its batch and does not stop the others.
    """

    SECTIONS = ("jobs", "relax", "md")

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare ports and outline."""
        super().define(spec)
        spec.input_namespace(
            "structures", valid_type=orm.StructureData, dynamic=True, help="The configurations, keyed by label."
        )
        spec.input(
            "relaxation_model",
            valid_type=ChgnetModelData,
            required=False,
            help="The model that relaxes; without one, the structures are taken as they are.",
        )
        spec.input("md_model", valid_type=ChgnetModelData, help="The model that runs MD.")
        spec.input("mobile", valid_type=orm.Str, serializer=orm.to_aiida_type, help="The mobile element.")
        spec.input(
            "charge",
            valid_type=orm.Float,
            default=lambda: orm.Float(1.0),
            serializer=orm.to_aiida_type,
            help="Charge of a mobile ion, for the conductivity.",
        )
        spec.outline(
            cls.queue_relaxations,
            while_(cls.has_waiting)(cls.submit_next),
            cls.collect_relaxed,
            cls.queue_md,
            while_(cls.has_waiting)(cls.submit_next),
            cls.summarise,
            cls.results,
        )
        spec.output_namespace("structures", valid_type=orm.StructureData, dynamic=True, help="Relaxed structures.")
        spec.output_namespace("relaxations", valid_type=orm.Dict, dynamic=True, help="Results by batch.")
        spec.output_namespace("runs", valid_type=orm.Dict, dynamic=True, help="MD results by batch and temperature.")
        spec.output_namespace(
            "trajectories", valid_type=orm.ArrayData, dynamic=True, help="Trajectories by label and temperature."
        )
        spec.output_namespace(
            "transport",
            valid_type=orm.Dict,
            dynamic=True,
            help="By label: D, sigma and errors by temperature; the Arrhenius law from two temperatures on.",
        )

    def queue_relaxations(self) -> None:
        """Queue the relaxations, one job a batch."""
        sizes = batches(self.inputs.structures, self.settings.jobs.batch_size)
        self.ctx.batches = {f"b{number}": labels for number, labels in enumerate(sizes)}
        self.start_queue("relax_batch", self.ctx.batches if "relaxation_model" in self.inputs else ())

    def relax_batch(self, key: str) -> tuple[type, dict[str, Any]]:
        """Return the relaxation of one batch."""
        structures = {label: self.inputs.structures[label] for label in self.ctx.batches[key]}
        return RelaxWorkChain, relax_inputs(self, structures, self.inputs.relaxation_model, f"relax {key}")

    def collect_relaxed(self) -> Any:
        """Keep the relaxed structures by batch."""
        for key, reason in self.failures().items():
            self.report(f"relaxations {key}: {reason}")
        self.ctx.relaxed, self.ctx.relaxations = {}, {}
        if "relaxation_model" not in self.inputs:
            for key, labels in self.ctx.batches.items():
                self.ctx.relaxed[key] = {label: self.inputs.structures[label] for label in labels}
            return None
        for key, node in self.succeeded().items():
            self.ctx.relaxations[key] = node.outputs.results
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

    def summarise(self) -> None:
        """Sum up the runs of each batch at all temperatures."""
        done = self.succeeded()
        rule = orm.Dict({"charge": self.inputs.charge.value, "extrapolate_to": self.settings.md.extrapolate_to})
        for batch in self.ctx.relaxed:
            runs = {key: node.outputs.results for key, node in done.items() if self.ctx.runs[key][0] == batch}
            if runs:
                relaxed = {"relaxations": {batch: self.ctx.relaxations[batch]}} if self.ctx.relaxations else {}
                found = conductivity(rule=rule, results=runs, **relaxed).get("transport", {})
                for label, node in found.items():
                    self.out(f"transport.{label}", node)

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
