"""Predict the MSD of many compositions: decorate, relax, extract, predict."""

from typing import Any

from aiida import orm
from aiida.engine import ExitCode, ToContext, if_, while_
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.calculations.features import features
from aiida_hezsp.calculations.predict import predict
from aiida_hezsp.data import ChgnetModelData, SfmsdModelData
from aiida_hezsp.workflows.base import HezspWorkChain
from aiida_hezsp.workflows.configurations import configure
from aiida_hezsp.workflows.relax import RelaxWorkChain
from aiida_hezsp.workflows.transport import relax_inputs
from aiida_hezsp.workflows.verify import VerifyWorkChain, choose_predictions

__all__ = ("ScreenWorkChain",)


class ScreenWorkChain(HezspWorkChain):
    """Screen compositions with an SF-MSD model, entry point `hezsp.screen` (paper, section 2.3).

    Works in batches, of which a bounded number is relaxed at once, and predicts each as soon as it is relaxed: a
    process that was killed goes on behind the last batches it finished. A composition that fails is named in `report`
    and does not stop the others. With an MD model, predictions drawn from three regions are checked (`hezsp.verify`).
    """

    SECTIONS = ("jobs", "relax", "md", "screen", "verify")

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare ports and outline."""
        super().define(spec)
        spec.input("family", valid_type=orm.Dict, help="The family, self-contained (`Family.to_dict`).")
        spec.input("relaxation_model", valid_type=ChgnetModelData, help="The model that relaxes.")
        spec.input("sfmsd_model", valid_type=SfmsdModelData, help="The model that predicts.")
        spec.input(
            "md_model", valid_type=ChgnetModelData, required=False, help="The model that checks; without it, no checks."
        )
        spec.outline(
            cls.make_configurations,
            while_(cls.has_waiting)(cls.submit_next, cls.predict),
            cls.report_failures,
            if_(cls.should_verify)(cls.verify, cls.collect_verification),
        )
        spec.output_namespace(
            "predictions", valid_type=orm.Dict, dynamic=True, help="One prediction per composition, by label."
        )
        spec.output("report", valid_type=orm.Dict, help="Compositions that failed, and why.")
        spec.expose_outputs(VerifyWorkChain)

    def make_configurations(self) -> None:
        """Decorate the cells and queue their relaxations."""
        self.ctx.structures, self.ctx.compositions = configure(self, self.settings.screen)
        self.ctx.failed, self.ctx.predictions, self.ctx.predicted = {}, {}, []
        self.start_queue("relax_batch", self.ctx.compositions)

    def relax_batch(self, key: str) -> tuple[type, dict[str, Any]]:
        """Return the relaxation of one batch."""
        structures = {label: self.ctx.structures[label] for label in self.ctx.compositions[key].get_dict()}
        return RelaxWorkChain, relax_inputs(self, structures, self.inputs.relaxation_model, f"relax screen {key}")

    def predict(self) -> None:
        """Predict the batches that have come back since the last time."""
        failures = self.failures()
        for key, node in self.done().items():
            if key in self.ctx.predicted:
                continue
            if key in failures:
                self.ctx.failed |= dict.fromkeys(self.ctx.compositions[key].get_dict(), failures[key])
            else:
                self.predict_batch(key, node)
            self.ctx.predicted.append(key)

    def predict_batch(self, key: str, node: orm.ProcessNode) -> None:
        """Extract the features of one batch and predict each of its compositions."""
        compositions, relaxed = self.ctx.compositions[key], dict(node.outputs.structures.items())
        results = node.outputs.results["results"]
        self.ctx.failed |= {label: entry["error"] for label, entry in results.items() if entry["error"] is not None}
        table = features(
            family=self.inputs.family,
            compositions=compositions,
            parameters=orm.Dict({"feature_set": self.inputs.sfmsd_model.feature_set}),
            structures=relaxed,
            relaxations={key: node.outputs.results},
        )
        self.ctx.failed |= table["failed"]
        for label in sorted(table["rows"]):
            prediction = predict(
                label=orm.Str(label),
                structure=relaxed[label],
                compositions=compositions,
                features=table,
                model=self.inputs.sfmsd_model,
            )
            self.ctx.predictions[label] = prediction
            self.out(f"predictions.{label}", prediction)

    def report_failures(self) -> ExitCode | None:
        """Return what failed, and end where nothing was predicted."""
        failed, found = self.ctx.failed, self.ctx.predictions
        self.out("report", orm.Dict({"failed": failed, "n_predictions": len(found)}).store())
        if not found:
            return self.exit_codes.ERROR_NOTHING_LEFT.format(message=next(iter(failed.values()), "nothing to screen"))
        return None

    def should_verify(self) -> bool:
        """Return whether predictions are checked by MD."""
        wanted = self.settings.verify.regions.per_region or self.settings.verify.arrhenius.temperatures
        return "md_model" in self.inputs and bool(wanted)

    def verify(self) -> Any:
        """Check predictions of each region, and follow the best and the host to room temperature."""
        found = self.ctx.predictions
        choice = choose_predictions({label: node["msd"] for label, node in found.items()}, self.settings.verify)
        node = self.submit(
            VerifyWorkChain,
            engine=self.inputs.engine,
            family=self.inputs.family,
            predictions={label: found[label] for label in choice.checked},
            best=found[choice.best],
            population=orm.Dict(choice.population),
            relaxation_model=self.inputs.relaxation_model,
            md_model=self.inputs.md_model,
            settings=self.sections(*VerifyWorkChain.SECTIONS),
            metadata={"label": "checks by MD"},
        )
        return ToContext(verification=node)

    def collect_verification(self) -> None:
        """Return checks and laws; the screen stands without them."""
        if error := self.failed(self.ctx.verification):
            self.report(f"the predictions were not checked: {error.message}")
            return
        self.out_many(self.exposed_outputs(self.ctx.verification, VerifyWorkChain))
