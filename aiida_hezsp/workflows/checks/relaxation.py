"""Relax the same structures by DFT and by CHGNet and compare (paper, Table 1)."""

from typing import Any

from aiida import orm
from aiida.engine import while_
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.calculations.compare_relaxations import compare_relaxations
from aiida_hezsp.data import ChgnetModelData
from aiida_hezsp.workflows.base import batches
from aiida_hezsp.workflows.dft.batch import VaspQueueWorkChain
from aiida_hezsp.workflows.relax import RelaxWorkChain
from aiida_hezsp.workflows.transport import relax_inputs

__all__ = ("RelaxationCheckWorkChain",)


class RelaxationCheckWorkChain(VaspQueueWorkChain):
    """Check how well a model relaxes structures it was not trained on, entry point `hezsp.checks.relaxation`.

    Every structure is relaxed by CHGNet and by VASP from the same start. A structure that either cannot relax is named
    in the report with its reason and does not stop the others.
    """

    SECTIONS = ("jobs", "dft", "relax")
    KIND = "relax"

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare ports and outline."""
        super().define(spec)
        spec.input("model", valid_type=ChgnetModelData, help="The model that relaxes.")
        spec.outline(
            cls.queue_chgnet,
            while_(cls.has_waiting)(cls.submit_next),
            cls.collect_chgnet,
            cls.queue_dft,
            while_(cls.has_waiting)(cls.submit_next),
            cls.queue_again,
            while_(cls.has_waiting)(cls.submit_next),
            cls.compare,
            cls.results,
        )
        spec.output("report", valid_type=orm.Dict, help="Time, energy, volume of both, dV, RSSD; what was left out.")
        spec.output("left_out", valid_type=orm.Dict, help="Structures that are not compared, and why.")

    def queue_chgnet(self) -> None:
        """Queue the relaxations by CHGNet, in batches."""
        sizes = batches(self.inputs.structures, self.settings.jobs.batch_size)
        self.ctx.batches = {f"b{number}": labels for number, labels in enumerate(sizes)}
        self.start_queue("chgnet_batch", self.ctx.batches)

    def chgnet_batch(self, key: str) -> tuple[type, dict[str, Any]]:
        """Return the relaxation of one batch."""
        structures = {label: self.inputs.structures[label] for label in self.ctx.batches[key]}
        return RelaxWorkChain, relax_inputs(self, structures, self.inputs.model, f"CHGNet {key}")

    def collect_chgnet(self) -> None:
        """Keep what CHGNet relaxed."""
        self.ctx.relaxed, self.ctx.chgnet_results, self.ctx.left_out = {}, {}, {}
        for key, node in self.done().items():
            if not node.is_finished_ok:
                reason = f"CHGNet: {node.process_label}<{node.pk}> {node.exit_message or node.process_state.value}"
                self.ctx.left_out.update(dict.fromkeys(self.ctx.batches[key], reason))
                continue
            self.ctx.chgnet_results[key] = node.outputs.results
            self.ctx.relaxed.update(dict(node.outputs.structures.items()))
            left_out = node.outputs.results["left_out"]
            self.ctx.left_out.update({label: f"CHGNet: {reason}" for label, reason in left_out.items()})

    def queue_dft(self) -> None:
        """Queue the relaxations by VASP of what CHGNet could relax."""
        self.queue_vasp()
        self.ctx.waiting = [key for key in self.ctx.waiting if key in self.ctx.relaxed]

    def compare(self) -> Any:
        """Compare what both relaxed."""
        failures = {key: f"DFT: {reason}" for key, reason in self.failures().items()}
        self.ctx.left_out = {**failures, **self.ctx.left_out}
        done = {key: node for key, node in self.succeeded().items() if "structure" in node.outputs}
        if not done:
            message = next(iter(self.ctx.left_out.values()), "no structure was relaxed by both")
            return self.exit_codes.ERROR_NOTHING_LEFT.format(message=message)
        runs = {key: self.runs_of(key) for key in done}
        self.ctx.compared = compare_relaxations(
            dft_structures={key: node.outputs.structure for key, node in done.items()},
            chgnet_structures={key: self.ctx.relaxed[key] for key in done},
            trajectories={key: jobs[-1].outputs.trajectory for key, jobs in runs.items()},
            retrieved={
                key: {f"r{number}": job.outputs.retrieved for number, job in enumerate(jobs)}
                for key, jobs in runs.items()
            },
            chgnet_results=self.ctx.chgnet_results,
        )
        return None

    def results(self) -> None:
        """Return the report."""
        for key, reason in self.ctx.left_out.items():
            self.report(f"{key}: {reason}")
        self.out("report", self.ctx.compared["report"])
        self.out("left_out", orm.Dict(self.ctx.left_out).store())
