"""Run the same structure by AIMD and by CHGNet MD and compare (paper, Fig. 3)."""

from typing import Any

from aiida import orm
from aiida.engine import ToContext
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.calculations.compare_dynamics import compare_dynamics
from aiida_hezsp.data import ChgnetModelData
from aiida_hezsp.workflows.base import HezspWorkChain
from aiida_hezsp.workflows.dft.aimd import AimdWorkChain, validate_aimd
from aiida_hezsp.workflows.dft.batch import add_vasp
from aiida_hezsp.workflows.jobs import md_parameters
from aiida_hezsp.workflows.md import MdWorkChain

__all__ = ("DynamicsCheckWorkChain",)

_LABEL = "run"
_SHARED = ("timestep", "n_steps", "record_every", "frames_every", "window", "seed")


class DynamicsCheckWorkChain(HezspWorkChain):
    """Check how well a model's dynamics agree with AIMD, entry point `hezsp.checks.dynamics`.

    Both runs begin with the same structure and have temperature, time step, length and recording of `dft.aimd`; the
    thermostats are those of VASP and of `md`.
    """

    SECTIONS = ("jobs", "dft", "md")

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare ports and outline."""
        super().define(spec)
        add_vasp(spec)
        spec.input("structure", valid_type=orm.StructureData, help="Where both runs begin; sites sorted by species.")
        spec.input("model", valid_type=ChgnetModelData, help="The model that runs MD.")
        spec.input("mobile", valid_type=orm.Str, serializer=orm.to_aiida_type, help="The mobile element.")
        spec.inputs.validator = validate_aimd
        spec.outline(cls.run_both, cls.compare, cls.results)
        spec.output("report", valid_type=orm.Dict, help="MSD, D, first shells of both, overlap of the bond lengths.")
        spec.output("curves", valid_type=orm.ArrayData, help="MSD and bond lengths of both.")
        spec.output("aimd", valid_type=orm.ArrayData, help="The AIMD trajectory.")
        spec.output("chgnet", valid_type=orm.ArrayData, help="The CHGNet trajectory.")

    def run_both(self) -> Any:
        """Submit both runs."""
        aimd = self.submit(
            AimdWorkChain,
            vasp=self.inputs.vasp,
            structure=self.inputs.structure,
            mobile=self.inputs.mobile,
            settings=self.sections("jobs", "dft"),
            metadata={"label": "AIMD"},
        )
        job = {
            "code": self.inputs.engine.code,
            "model": self.inputs.model,
            "structures": {_LABEL: self.inputs.structure},
            "parameters": orm.Dict(self.md_parameters()),
            "metadata": self.engine_metadata("CHGNet MD"),
        }
        return ToContext(aimd=aimd, md=self.submit(MdWorkChain, job=job, metadata={"label": "CHGNet MD"}))

    def md_parameters(self) -> dict[str, Any]:
        """Return the parameters of the CHGNet run: of `md`, with what both runs share."""
        settings = self.inputs.settings.get_dict()
        shared = settings["dft"]["aimd"]
        settings["md"] |= {name: shared[name] for name in _SHARED}
        return md_parameters(settings, shared["temperature"], self.inputs.mobile.value)

    def compare(self) -> Any:
        """Compare the two runs."""
        if error := self.failed(self.ctx.aimd) or self.failed(self.ctx.md):
            return error
        trajectories = dict(self.ctx.md.outputs.trajectories.items())
        if _LABEL not in trajectories:
            message = self.ctx.md.outputs.results["left_out"].get(_LABEL, "CHGNet gave no trajectory")
            return self.exit_codes.ERROR_NOTHING_LEFT.format(message=message)
        self.ctx.chgnet = trajectories[_LABEL]
        aimd = self.settings.dft.aimd
        self.ctx.compared = compare_dynamics(
            structure=self.inputs.structure,
            aimd=self.ctx.aimd.outputs.trajectory,
            chgnet=self.ctx.chgnet,
            aimd_results=self.ctx.aimd.outputs.results,
            rule=orm.Dict({"window": aimd.window, "bond_lengths": dict(aimd.bond_lengths)}),
        )
        return None

    def results(self) -> None:
        """Return report, curves and both runs."""
        self.out("report", self.ctx.compared["report"])
        self.out("curves", self.ctx.compared["curves"])
        self.out("aimd", self.ctx.aimd.outputs.trajectory)
        self.out("chgnet", self.ctx.chgnet)
