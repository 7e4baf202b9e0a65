"""Stage two: MD targets, structural features, and the models that join them."""

from typing import Any

from aiida import orm
from aiida.engine import ToContext
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.calculations.features import features
from aiida_hezsp.calculations.sfmsd_train import SfmsdTrainCalculation
from aiida_hezsp.calculations.training_table import training_table
from aiida_hezsp.data import ChgnetModelData, SfmsdModelData
from aiida_hezsp.workflows.base import HezspWorkChain
from aiida_hezsp.workflows.configurations import configure
from aiida_hezsp.workflows.transport import TransportWorkChain, run_key

__all__ = ("SfmsdWorkChain",)


class SfmsdWorkChain(HezspWorkChain):
    """Train SF-MSD models, entry point `hezsp.sfmsd` (paper, sections 2.2 and 2.3)."""

    SECTIONS = ("jobs", "relax", "md", "sfmsd")

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare ports and outline."""
        super().define(spec)
        spec.input("family", valid_type=orm.Dict, help="The family, self-contained (`Family.to_dict`).")
        spec.input("relaxation_model", valid_type=ChgnetModelData, help="The model that relaxes.")
        spec.input("md_model", valid_type=ChgnetModelData, help="The model that runs MD.")
        spec.outline(
            cls.make_configurations,
            cls.run_transport,
            cls.extract_features,
            cls.train,
            cls.results,
        )
        spec.output("table", valid_type=orm.Dict, help="Features and targets.")
        spec.output("metrics", valid_type=orm.Dict, help="Errors by model and split, importances, parameters.")
        spec.output_namespace("models", valid_type=SfmsdModelData, dynamic=True, help="One model per kind.")

    def make_configurations(self) -> None:
        """Decorate the cells of the compositions that get MD."""
        self.ctx.structures, self.ctx.compositions = configure(self, self.settings.sfmsd)

    def run_transport(self) -> Any:
        """Relax them and run MD."""
        node = self.submit(
            TransportWorkChain,
            engine=self.inputs.engine,
            structures=self.ctx.structures,
            relaxation_model=self.inputs.relaxation_model,
            md_model=self.inputs.md_model,
            mobile=self.family.mobile.element,
            settings=self.sections("jobs", "relax", "md"),
            metadata={"label": "MD targets"},
        )
        return ToContext(transport=node)

    def extract_features(self) -> Any:
        """Extract the features of the relaxed structures and join them with the MD results."""
        if error := self.failed(self.ctx.transport):
            return error
        relaxed = dict(self.ctx.transport.outputs.structures.items())
        parameters = orm.Dict({"feature_set": self.settings.sfmsd.feature_set})
        tables = {}
        for key, known in self.ctx.compositions.items():
            structures = {label: relaxed[label] for label in known.get_dict() if label in relaxed}
            if structures:
                tables[key] = features(
                    family=self.inputs.family, compositions=known, parameters=parameters, structures=structures
                )
        settings = self.settings.sfmsd
        rule = orm.Dict({"test_fraction": settings.test_fraction, "seed": settings.split_seed})
        # Targets are those of the first temperature; further ones are for Arrhenius fits.
        suffix = run_key("", self.settings.md.temperatures[0])
        results = {key: node for key, node in self.ctx.transport.outputs.runs.items() if key.endswith(suffix)}
        if not tables or not results:
            return self.exit_codes.ERROR_NOTHING_LEFT.format(message="no composition has both features and an MD run")
        self.ctx.table = training_table(rule=rule, features=tables, results=results)
        return None

    def train(self) -> Any:
        """Search hyper-parameters and train."""
        threads = self.settings.jobs.threads * self.settings.jobs.workers
        node = self.submit(
            SfmsdTrainCalculation,
            code=self.inputs.engine.code,
            table=self.ctx.table,
            parameters=orm.Dict({**self.settings.sfmsd.training, "threads": threads}),
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
