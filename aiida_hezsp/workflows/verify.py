"""Check predictions by MD, and follow the best and the pristine host to room temperature."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from aiida import orm
from aiida.engine import ToContext, if_
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.calculations.make_configurations import make_configurations
from aiida_hezsp.calculations.region_check import region_check
from aiida_hezsp.data import ChgnetModelData
from aiida_hezsp.sfmsd.regions import RegionRule, draw_checks, population
from aiida_hezsp.workflows.base import HezspWorkChain
from aiida_hezsp.workflows.compositions import host_formula
from aiida_hezsp.workflows.transport import TransportWorkChain

__all__ = ("Choice", "VerifyWorkChain", "choose_predictions", "region_rule")


class Choice(NamedTuple):
    """Labels of the predictions to check, the number of predictions by region, and the label of the best."""

    checked: list[str]
    population: dict[str, int]
    best: str


def region_rule(settings: Mapping[str, Any]) -> RegionRule:
    """Return the rule of the section `verify` of a protocol."""
    return RegionRule(**settings["regions"])


def choose_predictions(predicted: Mapping[str, float], settings: Mapping[str, Any]) -> Choice:
    """Draw what is checked from all predicted MSD (A^2, by label), with the section `verify` of a protocol."""
    rule = region_rule(settings)
    drawn = [label for labels in draw_checks(predicted, rule).values() for label in labels]
    return Choice(drawn, population(predicted, rule), max(sorted(predicted), key=predicted.__getitem__))


class VerifyWorkChain(HezspWorkChain):
    """Check predictions by MD, entry point `hezsp.verify` (paper, Fig. 6).

    The drawn structures run at the first of `md.temperatures`; the best prediction and the pristine host run at
    `verify.arrhenius.temperatures`. Structures are those that were predicted from; a run that fails is named.
    """

    SECTIONS = ("jobs", "relax", "md", "verify")

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare ports and outline."""
        super().define(spec)
        spec.input("family", valid_type=orm.Dict, help="The family, self-contained (`Family.to_dict`).")
        spec.input("relaxation_model", valid_type=ChgnetModelData, help="The model that relaxes the host.")
        spec.input("md_model", valid_type=ChgnetModelData, help="The model that runs MD.")
        spec.input_namespace(
            "predictions", valid_type=orm.Dict, dynamic=True, help="By label, what is checked (`choose_predictions`)."
        )
        spec.input("best", valid_type=orm.Dict, required=False, help="The prediction that gets an Arrhenius run.")
        spec.input("population", valid_type=orm.Dict, required=False, help="Number of all predictions by region.")
        spec.outline(
            if_(cls.should_check)(cls.run_checks, cls.judge),
            if_(cls.should_run_arrhenius)(cls.run_arrhenius, cls.collect_arrhenius),
        )
        spec.output("regions", valid_type=orm.Dict, required=False, help="Predictions beside MD, by region (Fig. 6).")
        spec.output_namespace(
            "check_runs", valid_type=orm.Dict, dynamic=True, required=False, help="MD results of the checks by batch."
        )
        spec.output_namespace(
            "arrhenius",
            valid_type=orm.Dict,
            dynamic=True,
            required=False,
            help="D, sigma and the Arrhenius law of the best and of the host, by label.",
        )

    def should_check(self) -> bool:
        """Return whether there is anything to check."""
        return bool(self.inputs.get("predictions"))

    def run_checks(self) -> Any:
        """Run MD of the structures that were predicted from."""
        structures = {label: node.creator.inputs.structure for label, node in self.inputs.predictions.items()}
        settings = self.inputs.settings.get_dict()
        md = {**settings["md"], "temperatures": settings["md"]["temperatures"][:1]}
        return ToContext(checks=self.transport(structures, md, "checks by MD"))

    def transport(self, structures: dict[str, Any], md: dict[str, Any], label: str, *, relax: bool = False) -> Any:
        """Submit MD of structures."""
        return self.submit(
            TransportWorkChain,
            engine=self.inputs.engine,
            structures=structures,
            md_model=self.inputs.md_model,
            mobile=self.family.mobile.element,
            charge=float(self.family.mobile.charge),
            settings=orm.Dict({**self.sections("jobs", "relax").get_dict(), "md": md}),
            metadata={"label": label},
            **({"relaxation_model": self.inputs.relaxation_model} if relax else {}),
        )

    def judge(self) -> None:
        """Set predictions beside MD; where no run came through, only say so."""
        if error := self.failed(self.ctx.checks):
            self.report(f"no prediction was checked: {error.message}")
            return
        runs = dict(self.ctx.checks.outputs.runs.items())
        rule = dict(self.settings.verify.regions)
        if "population" in self.inputs:
            rule["population"] = self.inputs.population.get_dict()
        predictions = dict(self.inputs.predictions.items())
        self.out("regions", region_check(rule=orm.Dict(rule), predictions=predictions, results=runs))
        for key, node in runs.items():
            self.out(f"check_runs.{key}", node)

    def should_run_arrhenius(self) -> bool:
        """Return whether the best and the host get runs at several temperatures."""
        return "best" in self.inputs and bool(self.settings.verify.arrhenius.temperatures)

    def run_arrhenius(self) -> Any:
        """Run the best at all temperatures, and the host if wanted: then both are relaxed, the best in no step."""
        settings, best = self.inputs.settings.get_dict(), self.inputs.best
        arrhenius = settings["verify"]["arrhenius"]
        structures = {best["label"]: best.creator.inputs.structure}
        if arrhenius["host"]:
            structures = self.host() | structures  # where the host itself is best, what was predicted from runs
        md = {**settings["md"], "temperatures": arrhenius["temperatures"]}
        md["n_steps"] = arrhenius["n_steps"] or md["n_steps"]
        return ToContext(arrhenius=self.transport(structures, md, "Arrhenius", relax=arrhenius["host"]))

    def host(self) -> dict[str, orm.StructureData]:
        """Return a configuration of the pristine host, by its label."""
        made = make_configurations(
            family=self.inputs.family,
            formulas=orm.List([host_formula(self.family)]),
            cell=orm.Str(self.settings.verify.cell),
            seed=orm.Int(self.settings.verify.configuration_seed),
        )
        return dict(made["structures"])

    def collect_arrhenius(self) -> None:
        """Return the laws."""
        if error := self.failed(self.ctx.arrhenius):
            self.report(f"no Arrhenius law: {error.message}")
            return
        if "transport" in self.ctx.arrhenius.outputs:
            for label, node in self.ctx.arrhenius.outputs.transport.items():
                self.out(f"arrhenius.{label}", node)
