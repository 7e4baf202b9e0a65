"""Predict the MSD of many compositions: decorate, relax, extract, predict."""

from typing import Any

from aiida import orm
from aiida.engine import while_
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.calculations.features import features
from aiida_hezsp.calculations.predict import predict
from aiida_hezsp.data import ChgnetModelData, SfmsdModelData
from aiida_hezsp.workflows.base import HezspWorkChain
from aiida_hezsp.workflows.configurations import configure
from aiida_hezsp.workflows.relax import RelaxWorkChain
from aiida_hezsp.workflows.transport import relax_inputs

__all__ = ("ScreenWorkChain",)


class ScreenWorkChain(HezspWorkChain):
    """Screen compositions with an SF-MSD model, entry point `hezsp.screen` (paper, section 2.3).

    Works in batches; a composition that fails is named in `report` and does not stop the others.
    """

    SECTIONS = ("jobs", "relax", "screen")

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare ports and outline."""
        super().define(spec)
        spec.input("family", valid_type=orm.Dict, help="The family, self-contained (`Family.to_dict`).")
        spec.input("relaxation_model", valid_type=ChgnetModelData, help="The model that relaxes.")
        spec.input("sfmsd_model", valid_type=SfmsdModelData, help="The model that predicts.")
        spec.outline(
            cls.make_configurations,
            while_(cls.has_waiting)(cls.submit_next),
            cls.predict,
        )
        spec.output_namespace(
            "predictions", valid_type=orm.Dict, dynamic=True, help="One prediction per composition, by label."
        )
        spec.output("report", valid_type=orm.Dict, help="Compositions that failed, and why.")

    def make_configurations(self) -> None:
        """Decorate the cells and queue their relaxations."""
        self.ctx.structures, self.ctx.compositions = configure(self, self.settings.screen)
        self.start_queue("relax_batch", self.ctx.compositions)

    def relax_batch(self, key: str) -> tuple[type, dict[str, Any]]:
        """Return the relaxation of one batch."""
        structures = {label: self.ctx.structures[label] for label in self.ctx.compositions[key].get_dict()}
        return RelaxWorkChain, relax_inputs(self, structures, self.inputs.relaxation_model, f"relax screen {key}")

    def predict(self) -> Any:
        """Extract the features of each batch and predict each composition."""
        failed = {
            label: reason for key, reason in self.failures().items() for label in self.ctx.compositions[key].get_dict()
        }
        parameters = orm.Dict({"feature_set": self.inputs.sfmsd_model.feature_set})
        n_predictions = 0
        for key, node in self.succeeded().items():
            compositions, relaxed = self.ctx.compositions[key], dict(node.outputs.structures.items())
            results = node.outputs.results["results"]
            failed |= {label: entry["error"] for label, entry in results.items() if entry["error"] is not None}
            table = features(
                family=self.inputs.family, compositions=compositions, parameters=parameters, structures=relaxed
            )
            failed |= table["failed"]
            for label in sorted(table["rows"]):
                prediction = predict(
                    label=orm.Str(label),
                    structure=relaxed[label],
                    compositions=compositions,
                    features=table,
                    model=self.inputs.sfmsd_model,
                )
                self.out(f"predictions.{label}", prediction)
                n_predictions += 1
        self.out("report", orm.Dict({"failed": failed, "n_predictions": n_predictions}).store())
        if not n_predictions:
            return self.exit_codes.ERROR_NOTHING_LEFT.format(message=next(iter(failed.values()), "nothing to screen"))
        return None
