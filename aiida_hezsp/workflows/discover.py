"""All of it: from a family and a DFT code to predictions with their whole history."""

from typing import Any

from aiida import orm
from aiida.engine import ToContext, if_
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.workflows.base import HezspWorkChain
from aiida_hezsp.workflows.dft.engines import add_engines, given_engines
from aiida_hezsp.workflows.input_checks import validate_discovery
from aiida_hezsp.workflows.potential import PotentialWorkChain
from aiida_hezsp.workflows.robustness import RobustnessWorkChain
from aiida_hezsp.workflows.screen import ScreenWorkChain
from aiida_hezsp.workflows.sfmsd import SfmsdWorkChain

__all__ = ("DiscoverWorkChain",)


class DiscoverWorkChain(HezspWorkChain):
    """Discover high-entropy solid electrolytes in a family, entry point `hezsp.discover` (paper, Fig. 1)."""

    SECTIONS = ("jobs", "dft", "potential", "relax", "md", "sfmsd", "screen", "verify", "robustness")

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare ports and outline."""
        super().define(spec)
        add_engines(spec)
        spec.input("family", valid_type=orm.Dict, help="The family, self-contained (`Family.to_dict`).")
        spec.inputs.validator = validate_discovery
        spec.outline(
            cls.train_potential,
            cls.train_sfmsd,
            cls.screen,
            cls.results,
            if_(cls.should_try_decorations)(cls.try_decorations, cls.collect_decorations),
        )
        spec.expose_outputs(PotentialWorkChain)
        spec.expose_outputs(SfmsdWorkChain)
        spec.expose_outputs(ScreenWorkChain)
        spec.output("robustness", valid_type=orm.Dict, required=False, help="Spread over random decorations.")

    def train_potential(self) -> Any:
        """Stage one."""
        node = self.submit(
            PotentialWorkChain,
            engine=self.inputs.engine,
            **given_engines(self.inputs),
            family=self.inputs.family,
            settings=self.sections(*PotentialWorkChain.SECTIONS),
            metadata={"label": "stage one: potential"},
        )
        return ToContext(potential=node)

    def train_sfmsd(self) -> Any:
        """Stage two."""
        if error := self.failed(self.ctx.potential):
            return error
        node = self.submit(
            SfmsdWorkChain,
            engine=self.inputs.engine,
            family=self.inputs.family,
            relaxation_model=self.ctx.potential.outputs.relaxation_model,
            md_model=self.ctx.potential.outputs.md_model,
            settings=self.sections(*SfmsdWorkChain.SECTIONS),
            metadata={"label": "stage two: SF-MSD"},
        )
        return ToContext(sfmsd=node)

    def screen(self) -> Any:
        """The screen."""
        if error := self.failed(self.ctx.sfmsd):
            return error
        kind = self.settings.screen.model
        node = self.submit(
            ScreenWorkChain,
            engine=self.inputs.engine,
            family=self.inputs.family,
            relaxation_model=self.ctx.potential.outputs.relaxation_model,
            md_model=self.ctx.potential.outputs.md_model,
            sfmsd_model=self.ctx.sfmsd.outputs.models[kind],
            settings=self.sections(*ScreenWorkChain.SECTIONS),
            metadata={"label": "screen"},
        )
        return ToContext(screening=node)

    def results(self) -> Any:
        """Return what the three stages return."""
        if error := self.failed(self.ctx.screening):
            return error
        for process_class, node in (
            (PotentialWorkChain, self.ctx.potential),
            (SfmsdWorkChain, self.ctx.sfmsd),
            (ScreenWorkChain, self.ctx.screening),
        ):
            self.out_many(self.exposed_outputs(node, process_class))
        return None

    def should_try_decorations(self) -> bool:
        """Return whether many decorations of one composition are part of this."""
        return bool(self.settings.robustness.in_discover)

    def try_decorations(self) -> Any:
        """Relax many decorations of one composition and predict them with all models of the screen's features."""
        models = dict(self.ctx.sfmsd.outputs.models.items())
        feature_set = models[self.settings.screen.model].feature_set
        node = self.submit(
            RobustnessWorkChain,
            engine=self.inputs.engine,
            family=self.inputs.family,
            relaxation_model=self.ctx.potential.outputs.relaxation_model,
            models={key: model for key, model in models.items() if model.feature_set == feature_set},
            settings=self.sections(*RobustnessWorkChain.SECTIONS),
            metadata={"label": "random decorations"},
        )
        return ToContext(decorations=node)

    def collect_decorations(self) -> None:
        """Return the spread; the discovery stands without it."""
        if error := self.failed(self.ctx.decorations):
            self.report(f"no spread over decorations: {error.message}")
            return
        self.out("robustness", self.ctx.decorations.outputs.robustness)
