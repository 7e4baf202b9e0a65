"""Stage two: MD targets, structural features, and the models that join them."""

from collections.abc import Mapping
from typing import Any

from aiida import orm
from aiida.engine import ToContext, while_
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.calculations.features import features
from aiida_hezsp.calculations.sfmsd_train import SfmsdTrainCalculation
from aiida_hezsp.calculations.training_table import training_table
from aiida_hezsp.data import ChgnetModelData, SfmsdModelData
from aiida_hezsp.workflows.base import HezspWorkChain
from aiida_hezsp.workflows.compositions import chosen_datasets
from aiida_hezsp.workflows.configurations import configure
from aiida_hezsp.workflows.input_checks import validate_sfmsd
from aiida_hezsp.workflows.transport import TransportWorkChain, relaxations_of, run_key

__all__ = ("SfmsdWorkChain",)

MAIN = "main"
FEWEST_ROWS = 4  # that the engine trains on


class SfmsdWorkChain(HezspWorkChain):
    """Train SF-MSD models, entry point `hezsp.sfmsd` (paper, sections 2.2 and 2.3).

    Beside the models that screens are made with, `sfmsd.variants` trains others on parts of the same MD targets, to
    compare with: the paper's quaternary model, and its cross-check on the joined set. One that fails is left out.
    """

    SECTIONS = ("jobs", "relax", "md", "sfmsd")

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
            cls.run_transport,
            cls.extract_features,
            cls.make_tables,
            while_(cls.has_waiting)(cls.submit_next),
            cls.results,
        )
        spec.output("table", valid_type=orm.Dict, help="Features and targets.")
        spec.output("metrics", valid_type=orm.Dict, help="Errors by model and split, importances, parameters.")
        spec.output_namespace("models", valid_type=SfmsdModelData, dynamic=True, help="One model per kind.")
        spec.output_namespace(
            "variants",
            valid_type=(orm.Dict, SfmsdModelData),
            dynamic=True,
            help="Of each variant `NAME_table`, `NAME_metrics` and a model `NAME_KIND` per kind.",
        )

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
            charge=float(self.family.mobile.charge),
            settings=self.sections("jobs", "relax", "md"),
            metadata={"label": "MD targets"},
        )
        return ToContext(transport=node)

    def extract_features(self) -> Any:
        """Extract the features of the relaxed structures, once for each feature set that is asked for."""
        if error := self.failed(self.ctx.transport):
            return error
        # Targets are those of the first temperature; further ones are for Arrhenius fits.
        suffix = run_key("", self.settings.md.temperatures[0])
        runs = self.ctx.transport.outputs.runs.items()
        self.ctx.targets = {key: node for key, node in runs if key.endswith(suffix)}
        self.ctx.datasets = chosen_datasets(self.family, self.settings.sfmsd.compositions)
        self.ctx.features = {}
        for part in self.training_sets().values():
            self.ctx.features.setdefault(part["feature_set"], {}).update(self._features(part))
        if not self.complete(self.training_sets()[MAIN]):
            return self.exit_codes.ERROR_NOTHING_LEFT.format(message="no composition has both features and an MD run")
        return None

    def training_sets(self) -> dict[str, dict[str, Any]]:
        """Return by name, `main` first, what is trained: feature set, datasets (None: all), test fraction, splits."""
        settings = self.inputs.settings.get_dict()["sfmsd"]
        main = {
            "feature_set": settings["feature_set"],
            "datasets": None,
            "test_fraction": settings["test_fraction"],
            "splits": settings["training"]["splits"],
        }
        return {MAIN: main} | {one["name"]: {"test_fraction": 0.0, **one} for one in settings["variants"]}

    def make_tables(self) -> None:
        """Join features and MD results into a table for each training set, and queue the trainings."""
        self.ctx.tables = {}
        for name, part in self.training_sets().items():
            tables = self.ctx.features[part["feature_set"]]
            if name != MAIN and len(self.complete(part)) < FEWEST_ROWS:
                self.report(f"variant {name}: fewer than {FEWEST_ROWS} compositions, left out")
                continue
            self.ctx.tables[name] = training_table(
                rule=self._rule(name, part), features=self._of(part, tables), results=self.ctx.targets
            )
        self.start_queue("training_of", self.ctx.tables)

    def training_of(self, name: str) -> tuple[type, dict[str, Any]]:
        """Return the search of hyper-parameters and the training on one table."""
        threads = self.settings.jobs.threads * self.settings.jobs.workers
        training = self.inputs.settings.get_dict()["sfmsd"]["training"]
        parameters = {**training, "splits": self.training_sets()[name]["splits"], "threads": threads}
        label = "train SF-MSD" if name == MAIN else f"train SF-MSD: {name}"
        return SfmsdTrainCalculation, {
            "code": self.inputs.engine.code,
            "table": self.ctx.tables[name],
            "parameters": orm.Dict(parameters),
            "metadata": self.engine_metadata(label),
        }

    def results(self) -> Any:
        """Return tables, errors and models."""
        trained = self.done()
        if error := self.failed(trained[MAIN]):
            return error
        self.out("table", self.ctx.tables[MAIN])
        self.out("metrics", trained[MAIN].outputs.results)
        for kind, model in trained[MAIN].outputs.models.items():
            self.out(f"models.{kind}", model)
        for name, node in trained.items():
            if name != MAIN and node.is_finished_ok:
                self.out(f"variants.{name}_table", self.ctx.tables[name])
                self.out(f"variants.{name}_metrics", node.outputs.results)
                for kind, model in node.outputs.models.items():
                    self.out(f"variants.{name}_{kind}", model)
            elif name != MAIN:
                self.report(f"variant {name} is left out: {node.exit_message or node.process_state.value}")
        return None

    def _features(self, part: Mapping[str, Any]) -> dict[str, orm.Dict]:
        """Return the features of the relaxed structures of a training set that are not extracted yet, by batch."""
        relaxed = dict(self.ctx.transport.outputs.structures.items())
        parameters = orm.Dict({"feature_set": part["feature_set"]})
        known_already = {
            label
            for table in self.ctx.features[part["feature_set"]].values()
            for label in (*table["rows"], *table["failed"])
        }
        found = {}
        for key, known in self.ctx.compositions.items():
            labels = [label for label in known.get_dict() if label in relaxed and self._belongs(label, part)]
            structures = {label: relaxed[label] for label in labels if label not in known_already}
            if structures:
                found[f"{key}_{len(known_already)}" if known_already else key] = features(
                    family=self.inputs.family,
                    compositions=known,
                    parameters=parameters,
                    structures=structures,
                    relaxations=relaxations_of(structures, dict(self.ctx.transport.outputs.relaxations.items())),
                )
        return found

    def _belongs(self, label: str, part: Mapping[str, Any]) -> bool:
        return part["datasets"] is None or self.ctx.datasets.get(label) in part["datasets"]

    def _of(self, part: Mapping[str, Any], tables: Mapping[str, orm.Dict]) -> dict[str, orm.Dict]:
        """Return the tables that hold a composition of a training set."""
        return {key: node for key, node in tables.items() if any(self._belongs(label, part) for label in node["rows"])}

    def complete(self, part: Mapping[str, Any]) -> list[str]:
        """Return the labels of a training set that have both features and a target."""
        results = [entry for node in self.ctx.targets.values() for entry in node["results"].items()]
        targets = {label for label, result in results if result["error"] is None}
        tables = self.ctx.features[part["feature_set"]].values()
        return [label for node in tables for label in node["rows"] if label in targets and self._belongs(label, part)]

    def _rule(self, name: str, part: Mapping[str, Any]) -> orm.Dict:
        """Return how a table is made."""
        rule = {
            "test_fraction": part["test_fraction"],
            "seed": self.settings.sfmsd.split_seed,
            "datasets": dict(self.ctx.datasets),
            "only": part["datasets"],
        }
        return orm.Dict(rule if name == MAIN else {**rule, "variant": name})
