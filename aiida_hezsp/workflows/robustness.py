"""Is one random decoration enough? Many decorations of one composition: energy, volume, predictions of each model."""

from typing import Any

from aiida import orm
from aiida.engine import while_
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.calculations.features import features
from aiida_hezsp.calculations.make_decorations import make_decorations
from aiida_hezsp.calculations.robustness import robustness
from aiida_hezsp.data import ChgnetModelData, SfmsdModelData
from aiida_hezsp.workflows.base import HezspWorkChain
from aiida_hezsp.workflows.relax import RelaxWorkChain
from aiida_hezsp.workflows.transport import relax_inputs

__all__ = ("RobustnessWorkChain",)


class RobustnessWorkChain(HezspWorkChain):
    """Relax many random decorations of one composition, entry point `hezsp.robustness` (paper, section 2.4).

    Composition, number and cell are those of the section `robustness`. Batches are relaxed in bounded number and their
    features extracted as they come back; a decoration that fails is named and left out.
    """

    SECTIONS = ("jobs", "relax", "robustness")

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare ports and outline."""
        super().define(spec)
        spec.input("family", valid_type=orm.Dict, help="The family, self-contained (`Family.to_dict`).")
        spec.input("relaxation_model", valid_type=ChgnetModelData, help="The model that relaxes.")
        spec.input_namespace(
            "models",
            valid_type=SfmsdModelData,
            dynamic=True,
            validator=_validate_models,
            help="The models whose predictions are compared, by any key; all of one feature set, one of each kind.",
        )
        spec.outline(
            cls.decorate,
            while_(cls.has_waiting)(cls.submit_next, cls.extract_features),
            cls.results,
        )
        spec.output("robustness", valid_type=orm.Dict, help="Energies, volumes, predictions, and their spread.")

    def decorate(self) -> None:
        """Draw the decorations and queue their relaxations."""
        settings, size = self.settings.robustness, self.settings.jobs.batch_size
        self.ctx.structures, self.ctx.compositions = {}, {}
        self.ctx.features, self.ctx.failed = {}, {}
        seeds = list(range(settings.seed, settings.seed + settings.n))
        for number, start in enumerate(range(0, len(seeds), size)):
            made = make_decorations(
                family=self.inputs.family,
                formula=orm.Str(settings.formula),
                cell=orm.Str(settings.cell),
                seeds=orm.List(seeds[start : start + size]),
            )
            self.ctx.structures[f"b{number}"] = dict(made["structures"])
            self.ctx.compositions[f"b{number}"] = made["compositions"]
        self.start_queue("relax_batch", self.ctx.structures)

    def relax_batch(self, key: str) -> tuple[type, dict[str, Any]]:
        """Return the relaxation of one batch."""
        inputs = relax_inputs(self, self.ctx.structures[key], self.inputs.relaxation_model, f"decorations {key}")
        return RelaxWorkChain, inputs

    def extract_features(self) -> None:
        """Extract the features of the batches that have come back since the last time."""
        feature_set = next(iter(self.inputs.models.values())).feature_set
        for key, node in self.succeeded().items():
            if key not in self.ctx.features:
                self.ctx.features[key] = features(
                    family=self.inputs.family,
                    compositions=self.ctx.compositions[key],
                    parameters=orm.Dict({"feature_set": feature_set}),
                    structures=dict(node.outputs.structures.items()),
                    relaxations={key: node.outputs.results},
                )

    def results(self) -> Any:
        """Return what the decorations have in common and where they differ."""
        for key, reason in self.failures().items():
            self.report(f"decorations {key}: {reason}")
        if not self.ctx.features:
            return self.exit_codes.ERROR_NOTHING_LEFT.format(message="; ".join(self.failures().values()))
        relaxations = {key: self.succeeded()[key].outputs.results for key in self.ctx.features}
        models = dict(self.inputs.models.items())
        self.out("robustness", robustness(relaxations=relaxations, features=self.ctx.features, models=models))
        return None


def _validate_models(value: dict[str, SfmsdModelData] | None, _: object) -> str | None:
    """Say what is wrong with the models, if anything is."""
    if not value:
        return "at least one model is needed"
    sets = sorted({node.feature_set for node in value.values()})
    if len(sets) > 1:
        return f"the models take different feature sets: {', '.join(sets)}"
    kinds = [node.kind for node in value.values()]
    twice = sorted({kind for kind in kinds if kinds.count(kind) > 1})
    # predictions are told apart by the kind of their model
    return f"several models of one kind: {', '.join(twice)}; give one of each kind" if twice else None
