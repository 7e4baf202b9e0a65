"""Stage two with MD in rounds: each round runs what the models so far say is worth running."""

from typing import Any

from aiida import orm
from aiida.engine import ToContext, while_
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.calculations.features import features
from aiida_hezsp.calculations.next_compositions import next_compositions
from aiida_hezsp.calculations.sfmsd_train import SfmsdTrainCalculation
from aiida_hezsp.calculations.training_table import training_table
from aiida_hezsp.data import ChgnetModelData, SfmsdModelData
from aiida_hezsp.workflows.base import HezspWorkChain
from aiida_hezsp.workflows.configurations import configure
from aiida_hezsp.workflows.input_checks import validate_sfmsd
from aiida_hezsp.workflows.relax import RelaxWorkChain
from aiida_hezsp.workflows.transport import TransportWorkChain, relax_inputs

__all__ = ("ActiveWorkChain",)


class ActiveWorkChain(HezspWorkChain):
    """Train SF-MSD models with MD chosen in rounds, entry point `hezsp.active` (beyond the paper).

    All compositions of `sfmsd.compositions` are relaxed, which is cheap beside MD. `active.first` of them, drawn at
    random, get MD; then, for `active.rounds` rounds, the `active.per_round` of highest worth. At the end the models are
    trained on all that has run, as `hezsp.sfmsd` trains them.
    """

    SECTIONS = ("jobs", "relax", "md", "sfmsd", "active")

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare ports and outline."""
        super().define(spec)
        spec.input("family", valid_type=orm.Dict, help="The family, self-contained (`Family.to_dict`).")
        spec.input("relaxation_model", valid_type=ChgnetModelData, help="The model that relaxes.")
        spec.input("md_model", valid_type=ChgnetModelData, help="The model that runs MD.")
        spec.inputs.validator = validate_sfmsd
        spec.outline(
            cls.make_configurations,
            while_(cls.has_waiting)(cls.submit_next, cls.extract_features),
            cls.check_features,
            while_(cls.should_run)(cls.run_md, cls.collect_md),
            cls.train,
            cls.results,
        )
        spec.output("table", valid_type=orm.Dict, help="Features and targets of all that has run.")
        spec.output("metrics", valid_type=orm.Dict, help="Errors by model, importances, parameters.")
        spec.output_namespace("models", valid_type=SfmsdModelData, dynamic=True, help="One model per kind.")
        spec.output_namespace(
            "rounds", valid_type=orm.Dict, dynamic=True, help="What each round chose, and what it expected, as `rN`."
        )

    def make_configurations(self) -> None:
        """Decorate the cells of the pool and queue their relaxations."""
        self.ctx.structures, self.ctx.compositions = configure(self, self.settings.sfmsd)
        self.ctx.features, self.ctx.relaxed, self.ctx.targets = {}, {}, {}
        self.ctx.round, self.ctx.choice = 0, None
        self.start_queue("relax_batch", self.ctx.compositions)

    def relax_batch(self, key: str) -> tuple[type, dict[str, Any]]:
        """Return the relaxation of one batch."""
        structures = {label: self.ctx.structures[label] for label in self.ctx.compositions[key].get_dict()}
        return RelaxWorkChain, relax_inputs(self, structures, self.inputs.relaxation_model, f"relax pool {key}")

    def extract_features(self) -> None:
        """Extract the features of the batches that have come back since the last time."""
        for key, node in self.succeeded().items():
            if key not in self.ctx.features:
                relaxed = dict(node.outputs.structures.items())
                self.ctx.relaxed |= relaxed
                self.ctx.features[key] = features(
                    family=self.inputs.family,
                    compositions=self.ctx.compositions[key],
                    parameters=orm.Dict({"feature_set": self.settings.sfmsd.feature_set}),
                    structures=relaxed,
                    relaxations={key: node.outputs.results},
                )

    def check_features(self) -> Any:
        """End where nothing can be chosen from."""
        for key, reason in self.failures().items():
            self.report(f"relaxations {key}: {reason}")
        if not any(node["rows"] for node in self.ctx.features.values()):
            return self.exit_codes.ERROR_NOTHING_LEFT.format(message="; ".join(self.failures().values()))
        return None

    def should_run(self) -> bool:
        """Choose what runs next; return whether there is anything."""
        active = self.settings.active
        if self.ctx.round > active.rounds:
            return False
        rule = {
            "acquisition": active.acquisition if self.ctx.round else "random",
            "kappa": active.kappa,
            "seed": active.seed,
            "round": self.ctx.round,
            "n": active.per_round if self.ctx.round else active.first,
        }
        results = {"results": self.ctx.targets} if self.ctx.targets else {}
        self.ctx.choice = next_compositions(rule=orm.Dict(rule), features=self.ctx.features, **results)
        self.out(f"rounds.r{self.ctx.round}", self.ctx.choice)
        return bool(self.ctx.choice["labels"])

    def run_md(self) -> Any:
        """Run MD of the relaxed structures that were chosen."""
        settings = self.inputs.settings.get_dict()
        md = {**settings["md"], "temperatures": settings["md"]["temperatures"][:1]}
        node = self.submit(
            TransportWorkChain,
            engine=self.inputs.engine,
            structures={label: self.ctx.relaxed[label] for label in self.ctx.choice["labels"]},
            md_model=self.inputs.md_model,
            mobile=self.family.mobile.element,
            charge=float(self.family.mobile.charge),
            settings=orm.Dict({"jobs": settings["jobs"], "relax": settings["relax"], "md": md}),
            metadata={"label": f"MD of round {self.ctx.round}"},
        )
        return ToContext(transport=node)

    def collect_md(self) -> Any:
        """Keep the results of the round; a round in which nothing came through ends the search."""
        if error := self.failed(self.ctx.transport):
            return error
        self.ctx.targets |= {f"r{self.ctx.round}_{key}": run for key, run in self.ctx.transport.outputs.runs.items()}
        self.ctx.round += 1
        return None

    def train(self) -> Any:
        """Join features and targets, search hyper-parameters, train."""
        rule = orm.Dict({"test_fraction": self.settings.sfmsd.test_fraction, "seed": self.settings.sfmsd.split_seed})
        self.ctx.table = training_table(rule=rule, features=self.ctx.features, results=self.ctx.targets)
        # The paper's splits are made for compositions at random: of those that were sought out, all are trained on.
        training = {**self.inputs.settings.get_dict()["sfmsd"]["training"], "splits": []}
        threads = self.settings.jobs.threads * self.settings.jobs.workers
        node = self.submit(
            SfmsdTrainCalculation,
            code=self.inputs.engine.code,
            table=self.ctx.table,
            parameters=orm.Dict({**training, "threads": threads}),
            metadata=self.engine_metadata("train SF-MSD"),
        )
        return ToContext(training=node)

    def results(self) -> Any:
        """Return table, errors and models."""
        if error := self.failed(self.ctx.training):
            return error
        self.out("table", self.ctx.table)
        self.out("metrics", self.ctx.training.outputs.results)
        for kind, model in self.ctx.training.outputs.models.items():
            self.out(f"models.{kind}", model)
        return None
