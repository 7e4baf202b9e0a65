"""Run ab initio molecular dynamics by VASP, in segments that continue positions, velocities and thermostat."""

from typing import Any

import numpy as np
from aiida import orm
from aiida.engine import ExitCode, ToContext, while_
from aiida.engine.processes.workchains.workchain import WorkChainSpec

from aiida_hezsp.calculations.aimd_trajectory import aimd_trajectory, segment_of
from aiida_hezsp.calculations.vasp_steps import converged_steps
from aiida_hezsp.errors import HezspError, TrajectoryError
from aiida_hezsp.potential.segments import Segment, follows
from aiida_hezsp.transport.window import window_slice
from aiida_hezsp.workflows.base import HezspWorkChain
from aiida_hezsp.workflows.dft.batch import FRUITFUL, VaspWorkChain, add_vasp
from aiida_hezsp.workflows.dft.contcar import contcar_positions
from aiida_hezsp.workflows.dft.validation import validate_dft
from aiida_hezsp.workflows.dft.vasp_inputs import vasp_inputs

__all__ = ("AimdWorkChain", "validate_aimd")

# aiida-vasp would start an unfinished run again from its first structure, without velocities, and change electronic
# settings in the middle of a run; segments are continued here.
_NO_HANDLERS = {
    name: {"enabled": False}
    for name in ("handler_unfinished_calc_ionic", "handler_unfinished_calc_generic", "handler_electronic_conv")
}
_CONTINUE = "test -s CONTCAR && mv CONTCAR POSCAR || exit 1"
_KILLED = 700


class AimdWorkChain(HezspWorkChain):
    """Run NVT molecular dynamics of one structure by VASP, entry point `hezsp.dft.aimd` (paper, section 4.2).

    The run is made in segments of `dft.aimd.segment_steps`, each a VaspCalculation whose POSCAR is the CONTCAR of the
    one before it, with velocities and thermostat. A segment is accepted when its first step continues the last one of
    the segment before, and when its electronic steps converged. A killed one (walltime) is continued from where it
    stood if its CONTCAR fits its last whole step, else done again. What was run is joined into one trajectory.
    """

    SECTIONS = ("jobs", "dft")

    @classmethod
    def define(cls, spec: WorkChainSpec) -> None:
        """Declare ports and outline."""
        super().define(spec)
        del spec.inputs["engine"]  # VASP alone runs here
        add_vasp(spec)
        spec.input("structure", valid_type=orm.StructureData, help="The structure, sites sorted by species.")
        spec.input("mobile", valid_type=orm.Str, serializer=orm.to_aiida_type, help="The mobile element.")
        spec.inputs.validator = validate_aimd
        spec.outline(
            cls.setup,
            while_(cls.should_run_segment)(cls.run_segment, cls.inspect_segment),
            cls.join,
            cls.results,
        )
        spec.output("trajectory", valid_type=orm.ArrayData, help="The joined run, as `hezsp.md` writes it.")
        spec.output("results", valid_type=orm.Dict, help="MSD, D, temperature, first shells of the bond lengths.")
        spec.exit_code(420, "ERROR_RUN_ENDED_EARLY", message="The run ended after {done} of {wanted} steps: {message}")

    def setup(self) -> None:
        """Begin with the structure as it is given."""
        self.ctx.segments, self.ctx.done, self.ctx.failures = [], 0, 0
        self.ctx.reason, self.ctx.retry = "", False
        self.ctx.length = self.settings.dft.aimd.segment_steps

    def should_run_segment(self) -> bool:
        """Return whether steps are missing and there is hope."""
        aimd = self.settings.dft.aimd
        return self.ctx.done < aimd.n_steps and self.ctx.failures <= aimd.max_failures

    def run_segment(self) -> Any:
        """Submit the next segment."""
        steps = min(self.ctx.length, self.settings.dft.aimd.n_steps - self.ctx.done)
        label = f"aimd s{len(self.ctx.segments)}"
        inputs = vasp_inputs(self.last_structure(), self.inputs.vasp, self.dft_settings(steps), "aimd", label)
        inputs["handler_overrides"] = orm.Dict(_NO_HANDLERS)
        inputs["clean_workdir"] = orm.Bool(False)  # the next segment needs the folder
        if self.ctx.segments:
            inputs["restart_folder"] = self.ctx.segments[-1].outputs.remote_folder
            settings = inputs["settings"].get_dict()
            inputs["settings"] = orm.Dict({**settings, "ADDITIONAL_REMOTE_COPY_LIST": ["CONTCAR"]})
            options = inputs["calc"]["metadata"]["options"]
            options["prepend_text"] = "\n".join(filter(None, (options.get("prepend_text"), _CONTINUE)))
        return ToContext(chain=self.submit(VaspWorkChain, **inputs))

    def dft_settings(self, steps: int) -> dict[str, Any]:
        """Return the section `dft` with the INCAR of a segment of so many steps."""
        dft = self.inputs.settings.get_dict()["dft"]
        aimd = dft["aimd"]
        incar = {
            **aimd["incar"],
            **(aimd["retry"]["incar"] if self.ctx.retry else {}),
            "tebeg": aimd["temperature"],
            "teend": aimd["temperature"],
            "potim": aimd["timestep"],
            "nsw": steps,
            "random_seed": [aimd["seed"], 0, 0],
        }
        return {**dft, "aimd": {"incar": incar}}

    def last_structure(self) -> orm.StructureData:
        """Return where the run stands; CONTCAR, which has velocities as well, takes its place."""
        for job in reversed(self.ctx.segments):
            if "structure" in job.outputs:
                return job.outputs.structure
        return self.inputs.structure

    def inspect_segment(self) -> None:
        """Accept the segment, or see what can be done about it."""
        called = [node for node in self.ctx.chain.called if isinstance(node, orm.CalcJobNode)]
        jobs = sorted(called, key=lambda node: node.pk)
        if not jobs or jobs[-1].exit_status not in FRUITFUL or "retrieved" not in jobs[-1].outputs:
            self.refuse(self.ctx.chain.exit_message or f"{self.ctx.chain.process_state.value}")
            return
        job = jobs[-1]
        try:
            self.accept(job)
        except HezspError as error:
            if job.exit_status == _KILLED:
                self.ctx.length = max(1, self.ctx.length // 2)  # it may have been too long for the walltime
            self.refuse(f"{job.process_label}<{job.pk}>: {error}")

    def accept(self, job: orm.CalcJobNode) -> None:
        """Take a segment as part of the run.

        Raises:
            HezspError: it is no part of it; the message says why.
        """
        segment = _segment(job)
        repeated = 0
        masses = self.inputs.structure.get_ase().get_masses()
        cell = self.inputs.structure.cell
        if self.ctx.segments:
            repeated = 1 - follows(self.tail(), segment.positions, cell, masses)
        unconverged = 1.0 - converged_steps(_outcar(job), len(segment.energies)).mean()
        if unconverged > self.settings.dft.aimd.max_unconverged:
            self.ctx.retry = True
            raise TrajectoryError(f"the electronic steps of {unconverged:.0%} of the steps did not converge")
        done = self.ctx.done + len(segment.energies) - repeated
        if done < self.settings.dft.aimd.n_steps:
            tail = segment.positions if len(segment.energies) > 1 or not self.ctx.segments else self.tail(segment)
            follows(tail, contcar_positions(job.outputs.retrieved)[None], cell, masses)
        self.ctx.segments.append(job)
        self.ctx.done, self.ctx.failures, self.ctx.retry = done, 0, False
        self.report(f"segment s{len(self.ctx.segments) - 1}: {done} steps are done")

    def tail(self, after: Segment | None = None) -> np.ndarray:
        """Return the last two steps (2, atoms, 3) of the run so far, fractional, with a segment that comes after it."""
        parts = [] if after is None else [after.positions]
        for job in reversed(self.ctx.segments):
            parts.insert(0, _segment(job).positions)
            if sum(map(len, parts)) > 1:
                break
        return np.concatenate(parts)[-2:]

    def refuse(self, reason: str) -> None:
        """Count a failure; the segment is done again."""
        self.ctx.failures += 1
        self.ctx.reason = reason
        self.report(f"segment s{len(self.ctx.segments)} is not accepted: {reason}")

    def join(self) -> ExitCode | None:
        """Join the segments."""
        if not self.ctx.segments:
            return self.exit_codes.ERROR_NOTHING_LEFT.format(message=self.ctx.reason)
        aimd = self.inputs.settings.get_dict()["dft"]["aimd"]
        names = ("timestep", "record_every", "frames_every", "window", "bond_lengths")
        runs = {f"s{number}": job for number, job in enumerate(self.ctx.segments)}
        try:
            window_slice((self.ctx.done - 1) // aimd["record_every"] + 1, tuple(aimd["window"]))
            self.ctx.joined = aimd_trajectory(
                rule=orm.Dict({"mobile": self.inputs.mobile.value, **{name: aimd[name] for name in names}}),
                trajectories={key: job.outputs.trajectory for key, job in runs.items() if "trajectory" in job.outputs},
                retrieved={key: job.outputs.retrieved for key, job in runs.items()},
            )
        except HezspError as error:
            reason = self.ctx.reason or str(error)
            return self.exit_codes.ERROR_RUN_ENDED_EARLY.format(
                done=self.ctx.done, wanted=aimd["n_steps"], message=reason
            )
        return None

    def results(self) -> ExitCode | None:
        """Return the joined run; clean all folders but the last, from which the run can be made longer."""
        self.out("trajectory", self.ctx.joined["trajectory"])
        self.out("results", self.ctx.joined["results"])
        wanted = self.settings.dft.aimd.n_steps
        if self.ctx.done < wanted:
            return self.exit_codes.ERROR_RUN_ENDED_EARLY.format(
                done=self.ctx.done, wanted=wanted, message=self.ctx.reason
            )
        for job in self.ctx.segments[:-1]:
            try:
                job.outputs.remote_folder._clean()  # noqa: SLF001 - as aiida-vasp does
            except (OSError, KeyError) as error:
                self.report(f"the folder of {job.process_label}<{job.pk}> could not be cleaned: {error}")
        return None


def _segment(job: orm.CalcJobNode) -> Segment:
    """Return the steps of a calculation."""
    trajectory = job.outputs.trajectory if "trajectory" in job.outputs else None
    return segment_of(f"<{job.pk}>", trajectory, job.outputs.retrieved)


def _outcar(job: orm.CalcJobNode) -> str:
    """Return the OUTCAR of a calculation."""
    content: str = job.outputs.retrieved.base.repository.get_object_content("OUTCAR")
    return content


def validate_aimd(value: dict, port: object) -> str | None:
    """Say what is wrong with the inputs before anything runs."""
    if "structure" not in value or "settings" not in value:
        return None  # the ports themselves say so
    aimd = value["settings"].get_dict().get("dft", {}).get("aimd")
    if aimd is None:
        return "section dft of the settings has no `aimd`"
    structure = value["structure"]
    if "mobile" in value and structure.get_symbols_set() <= {value["mobile"].value}:
        return f"the structure {structure.get_formula()} has no framework beside {value['mobile'].value}"
    if "mobile" in value and value["mobile"].value not in structure.get_symbols_set():
        return f"the structure {structure.get_formula()} has no mobile {value['mobile'].value}"
    try:
        window_slice((aimd["n_steps"] - 1) // aimd["record_every"] + 1, tuple(aimd["window"]))
    except TrajectoryError as error:
        return f"dft.aimd.window: {error}"
    return validate_dft({**value, "structures": {"structure": structure}}, port)
