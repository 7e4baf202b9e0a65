"""Predict the MSD of compositions that nobody computed, each from one or several configurations."""

from typing import Any

from aiida import orm
from aiida.engine import while_
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.calculations.features import features
from aiida_hezsp.calculations.make_configurations import make_configurations
from aiida_hezsp.calculations.predict import predict
from aiida_hezsp.calculations.spread import spread
from aiida_hezsp.data import ChgnetModelData, SfmsdModelData
from aiida_hezsp.workflows.base import HezspWorkChain, batches
from aiida_hezsp.workflows.relax import RelaxWorkChain
from aiida_hezsp.workflows.transport import relax_inputs, relaxations_of

__all__ = ("AssessWorkChain",)


class AssessWorkChain(HezspWorkChain):
    """Assess a few compositions, entry point `hezsp.assess`: decorate, relax, extract, predict.

    `hezsp.screen` does the same for thousands, with one configuration each. Here every composition may have several:
    all are relaxed in common batches, each has its own prediction, and `spread` sums them up.
    """

    SECTIONS = ("jobs", "relax", "screen")

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare ports and outline."""
        super().define(spec)
        spec.input("family", valid_type=orm.Dict, help="The family, self-contained (`Family.to_dict`).")
        spec.input("relaxation_model", valid_type=ChgnetModelData, help="The model that relaxes.")
        spec.input("sfmsd_model", valid_type=SfmsdModelData, help="The model that predicts.")
        spec.input("formulas", valid_type=orm.List, serializer=orm.to_aiida_type, help="Formulas of the family.")
        spec.input(
            "decorations",
            valid_type=orm.Int,
            default=lambda: orm.Int(1),
            serializer=orm.to_aiida_type,
            validator=_validate_decorations,
            help="Configurations a composition; their seeds follow `screen.configuration_seed`.",
        )
        spec.outline(
            cls.make_configurations,
            while_(cls.has_waiting)(cls.submit_next),
            cls.predict,
            cls.results,
        )
        spec.output_namespace(
            "predictions", valid_type=orm.Dict, dynamic=True, help="One prediction a configuration, as `label_sSEED`."
        )
        spec.output("spread", valid_type=orm.Dict, help="Mean, deviation and range over the configurations, by label.")
        spec.output("report", valid_type=orm.Dict, help="Configurations that failed, and why.")

    def make_configurations(self) -> None:
        """Decorate the cells, once a seed, and queue their relaxations in common batches."""
        settings = self.settings.screen
        first = settings.configuration_seed
        self.ctx.structures, self.ctx.compositions = {}, {}
        for seed in range(first, first + self.inputs.decorations.value):
            made = make_configurations(
                family=self.inputs.family,
                formulas=self.inputs.formulas,
                cell=orm.Str(settings.cell),
                seed=orm.Int(seed),
            )
            self.ctx.structures |= {_key(label, seed): node for label, node in made["structures"].items()}
            self.ctx.compositions[seed] = made["compositions"]
        sizes = batches(self.ctx.structures, self.settings.jobs.batch_size)
        self.ctx.batches = {f"b{number}": keys for number, keys in enumerate(sizes)}
        self.start_queue("relax_batch", self.ctx.batches)

    def relax_batch(self, key: str) -> tuple[type, dict[str, Any]]:
        """Return the relaxation of one batch."""
        structures = {name: self.ctx.structures[name] for name in self.ctx.batches[key]}
        return RelaxWorkChain, relax_inputs(self, structures, self.inputs.relaxation_model, f"relax {key}")

    def predict(self) -> None:
        """Extract the features of the relaxed cells and predict."""
        self._collect_relaxed()
        parameters = orm.Dict({"feature_set": self.inputs.sfmsd_model.feature_set})
        self.ctx.predictions = {}
        for seed, known in self.ctx.compositions.items():
            keys = {label: _key(label, seed) for label in known.get_dict()}
            structures = {label: self.ctx.relaxed[key] for label, key in keys.items() if key in self.ctx.relaxed}
            if not structures:
                continue
            table = features(
                family=self.inputs.family,
                compositions=known,
                parameters=parameters,
                structures=structures,
                relaxations=relaxations_of({keys[label] for label in structures}, self.ctx.relaxations),
            )
            self.ctx.failed |= {keys[label]: reason for label, reason in table["failed"].items()}
            for label in sorted(table["rows"]):
                self.ctx.predictions[keys[label]] = predict(
                    label=orm.Str(label),
                    structure=structures[label],
                    compositions=known,
                    features=table,
                    model=self.inputs.sfmsd_model,
                )

    def results(self) -> Any:
        """Return the predictions, their spread, and what failed."""
        found, failed = self.ctx.predictions, self.ctx.failed
        self.out("report", orm.Dict({"failed": failed, "n_predictions": len(found)}).store())
        if not found:
            return self.exit_codes.ERROR_NOTHING_LEFT.format(message=next(iter(failed.values()), "nothing to assess"))
        for key, node in found.items():
            self.out(f"predictions.{key}", node)
        self.out("spread", spread(predictions=found))
        return None

    def _collect_relaxed(self) -> None:
        """Set the relaxed structures, and why others are missing."""
        failures = self.failures()
        self.ctx.failed = {name: reason for key, reason in failures.items() for name in self.ctx.batches[key]}
        self.ctx.relaxed = {}
        self.ctx.relaxations = {key: node.outputs.results for key, node in self.succeeded().items()}
        for node in self.succeeded().values():
            self.ctx.relaxed |= dict(node.outputs.structures.items())
            results = node.outputs.results["results"]
            self.ctx.failed |= {name: entry["error"] for name, entry in results.items() if entry["error"] is not None}


def _key(label: str, seed: int) -> str:
    """Return the key of a configuration."""
    return f"{label}_s{seed}"


def _validate_decorations(value: orm.Int, _: object) -> str | None:
    return None if value.value > 0 else f"at least one configuration is needed, not {value.value}"
