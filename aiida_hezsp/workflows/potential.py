"""Stage one: both datasets, both fine-tunings."""

from typing import Any

from aiida import orm
from aiida.engine import ToContext
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.calculations.make_configurations import make_configurations
from aiida_hezsp.calculations.transition_structures import transition_structures
from aiida_hezsp.data import ChgnetModelData, ImageData
from aiida_hezsp.workflows.base import HezspWorkChain
from aiida_hezsp.workflows.compositions import chosen_formulas, chosen_labels
from aiida_hezsp.workflows.dft.engines import add_engines, given_engines
from aiida_hezsp.workflows.dft.relax_images import RelaxImagesWorkChain
from aiida_hezsp.workflows.dft.single_points import SinglePointsWorkChain
from aiida_hezsp.workflows.finetune import FinetuneWorkChain
from aiida_hezsp.workflows.input_checks import validate_potential
from aiida_hezsp.workflows.jobs import finetune_parameters
from aiida_hezsp.workflows.transport import TransportWorkChain

__all__ = ("PotentialWorkChain",)


class PotentialWorkChain(HezspWorkChain):
    """Make the relaxation model and the MD model from DFT, entry point `hezsp.potential` (paper, section 2.1).

    VASP relaxations give the first dataset and the relaxation model; MD with it gives images with ions in transition;
    single points label them for the second dataset; the MD model starts from the relaxation model.
    """

    SECTIONS = ("jobs", "dft", "potential", "relax", "md")

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare ports and outline."""
        super().define(spec)
        add_engines(spec)
        spec.input("family", valid_type=orm.Dict, help="The family, self-contained (`Family.to_dict`).")
        spec.inputs.validator = validate_potential
        spec.outline(
            cls.make_training_cells,
            cls.label_relaxations,
            cls.finetune_relaxation_model,
            cls.run_md,
            cls.label_transitions,
            cls.finetune_md_model,
            cls.results,
        )
        spec.output("relaxation_images", valid_type=ImageData, help="The relaxation dataset.")
        spec.output("md_images", valid_type=ImageData, help="The MD dataset.")
        spec.output("relaxation_model", valid_type=ChgnetModelData, help="The model that relaxes.")
        spec.output("md_model", valid_type=ChgnetModelData, help="The model that runs MD.")
        spec.output("relaxation_metrics", valid_type=orm.Dict, help="Errors before and after the first fine-tuning.")
        spec.output("md_metrics", valid_type=orm.Dict, help="Errors before and after the second fine-tuning.")

    def make_training_cells(self) -> None:
        """Decorate the cells of the training compositions."""
        self.ctx.formulas = chosen_formulas(self.family, self.settings.potential.compositions)
        self.ctx.cells = self.configurations(self.settings.potential.cell)

    def configurations(self, cell: str) -> dict[str, orm.StructureData]:
        """Return one configuration per training composition."""
        made = make_configurations(
            family=self.inputs.family,
            formulas=orm.List(self.ctx.formulas),
            cell=orm.Str(cell),
            seed=orm.Int(self.settings.potential.configuration_seed),
        )
        return made["structures"]

    def label_relaxations(self) -> Any:
        """Relax the cells by VASP."""
        node = self.submit(
            RelaxImagesWorkChain,
            **given_engines(self.inputs),
            structures=self.ctx.cells,
            settings=self.sections("jobs", "dft"),
            metadata={"label": "relaxation dataset"},
        )
        return ToContext(relax_images=node)

    def finetune_relaxation_model(self) -> Any:
        """Fine-tune the pretrained model on the relaxation dataset."""
        if error := self.failed(self.ctx.relax_images):
            return error
        pretrained = ChgnetModelData.bundled(self.settings.potential.pretrained)
        images = self.ctx.relax_images.outputs.images
        return ToContext(first_finetune=self.finetune("relaxation_finetune", pretrained, images))

    def run_md(self) -> Any:
        """Run MD with the relaxation model, recording full images."""
        if error := self.failed(self.ctx.first_finetune):
            return error
        settings = self.inputs.settings.get_dict()
        md = {**settings["md"], **settings["potential"]["md"]}
        md["temperatures"] = [md.pop("temperature")]
        model = self.ctx.first_finetune.outputs.model
        self.ctx.md_cells = self.configurations(self.settings.potential.md_cell)
        node = self.submit(
            TransportWorkChain,
            engine=self.inputs.engine,
            structures=self.ctx.md_cells,
            relaxation_model=model,
            md_model=model,
            mobile=self.family.mobile.element,
            charge=float(self.family.mobile.charge),
            settings=orm.Dict({"jobs": settings["jobs"], "relax": settings["relax"], "md": md}),
            metadata={"label": "MD for transition images"},
        )
        return ToContext(md_runs=node)

    def label_transitions(self) -> Any:
        """Pick the images with most ions in transition and label them by VASP."""
        if error := self.failed(self.ctx.md_runs):
            return error
        rule = {**self.settings.potential.transition, "mobile": self.family.mobile.element}
        structures, groups = {}, {}
        for key, trajectory in self.ctx.md_runs.outputs.trajectories.items():
            label = key.rpartition("_")[0]
            picked = transition_structures(
                structure=self.ctx.md_runs.outputs.structures[label], trajectory=trajectory, rule=orm.Dict(rule)
            )
            structures |= {f"{label}_{frame}": node for frame, node in picked["structures"].items()}
            groups |= {f"{label}_{frame}": label for frame in picked["structures"]}
        node = self.submit(
            SinglePointsWorkChain,
            **given_engines(self.inputs),
            structures=structures,
            groups=orm.Dict(groups),
            settings=self.sections("jobs", "dft"),
            metadata={"label": "MD dataset"},
        )
        return ToContext(single_points=node)

    def finetune_md_model(self) -> Any:
        """Fine-tune the relaxation model on the MD dataset."""
        if error := self.failed(self.ctx.single_points):
            return error
        images = self.ctx.single_points.outputs.images
        return ToContext(second_finetune=self.finetune("md_finetune", self.ctx.first_finetune.outputs.model, images))

    def finetune(self, section: str, model: ChgnetModelData, images: ImageData) -> orm.ProcessNode:
        """Submit one fine-tuning with the settings of `section`."""
        # A composition whose calculations all failed has no images that could be kept out.
        wanted = chosen_labels(self.family, self.settings.potential.holdout)
        holdout = [label for label in wanted if label in images.groups]
        label = section.replace("_", " ")
        job = {
            "code": self.inputs.engine.code,
            "model": model,
            "images": images,
            "parameters": orm.Dict(finetune_parameters(self.settings, section, holdout)),
            "metadata": self.engine_metadata(label),
        }
        return self.submit(FinetuneWorkChain, job=job, metadata={"label": label})

    def results(self) -> Any:
        """Return datasets, models and errors."""
        if error := self.failed(self.ctx.second_finetune):
            return error
        self.out("relaxation_images", self.ctx.relax_images.outputs.images)
        self.out("md_images", self.ctx.single_points.outputs.images)
        self.out("relaxation_model", self.ctx.first_finetune.outputs.model)
        self.out("md_model", self.ctx.second_finetune.outputs.model)
        self.out("relaxation_metrics", self.ctx.first_finetune.outputs.results)
        self.out("md_metrics", self.ctx.second_finetune.outputs.results)
        return None
