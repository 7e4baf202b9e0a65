"""What all jobs of `hezsp-engine` have in common: inputs, files, exit codes."""

import json
from typing import Any

from aiida import orm
from aiida.common import CalcInfo, CodeInfo
from aiida.common.folders import Folder
from aiida.engine import CalcJob, CalcJobProcessSpec

from aiida_hezsp.data.structures import structure_to_engine
from aiida_hezsp.engine.errors import OF_THE_MACHINE

__all__ = ("EngineCalculation",)


class EngineCalculation(CalcJob):
    """Base of the CalcJobs that run `hezsp-engine JOB` on a computer.

    A subclass names its job, declares its ports, and returns from `write_inputs` what goes into `input.json` beside
    the parameters. It also lists the bulk files its parser needs.
    """

    JOB: str
    OUTPUT_FILE = "output.json"
    LOG_FILE = "hezsp-engine.log"
    MODEL_FILE = "model.safetensors"
    STRUCTURES_FILE = "structures.json"
    IMAGES_FILE = "images.npz"
    TEMPORARY_FILES: tuple[str | tuple[str, str, int], ...] = ()
    RESTART_FOLDERS: tuple[str, ...] = ()

    @classmethod
    def define(cls, spec: CalcJobProcessSpec) -> None:
        """Declare the ports and exit codes that every engine job has."""
        super().define(spec)
        spec.input(
            "parameters",
            valid_type=orm.Dict,
            serializer=orm.to_aiida_type,
            help="Settings of the job, as `hezsp-engine` documents them; `threads` and `workers` among them.",
        )
        spec.input("metadata.options.parser_name", default=f"hezsp.{cls.JOB.replace('-', '_')}")
        spec.input("metadata.options.output_filename", default=cls.LOG_FILE)
        spec.input("metadata.options.withmpi", default=False)
        spec.inputs["metadata"]["options"]["resources"].default = lambda: {
            "num_machines": 1,
            "num_mpiprocs_per_machine": 1,
        }
        spec.output("results", valid_type=orm.Dict, help="What the engine reports: results, versions, threads, times.")
        spec.default_output_node = "results"
        # No failure is answered from the cache: its cause may have been the machine's (memory, disk) and be gone.
        for status, name, message in (
            (310, "ERROR_NO_OUTPUT", "The engine ended before it wrote its output."),
            (311, "ERROR_OUTPUT_UNREADABLE", "An output file is damaged: {message}"),
            (320, "ERROR_ENGINE", "The engine refused the job: {message}"),
            (321, "ERROR_ENGINE_BROKE_DOWN", "The engine broke down: {message}"),
            (510, "ERROR_ALL_FAILED", "Not one structure could be finished: {message}"),
        ):
            spec.exit_code(status, name, message=message, invalidates_cache=True)

    @classmethod
    def is_valid_cache(cls, node: orm.ProcessNode) -> bool:
        """Return whether a repeated job may have the results of `node`: not where the machine failed a structure."""
        if not super().is_valid_cache(node):
            return False
        entries = node.outputs.results.get_dict().get("results") if "results" in node.outputs else None
        return not any(entry.get("error_code") in OF_THE_MACHINE for entry in (entries or {}).values())

    def prepare_for_submission(self, folder: Folder) -> CalcInfo:
        """Write `input.json` and the files it names; return what to run and to retrieve."""
        settings = {"job": self.JOB, **self.inputs.parameters.get_dict()}
        settings |= self.write_inputs(folder)
        with folder.open("input.json", "w", encoding="utf8") as handle:
            json.dump(settings, handle, indent=1)
        code = CodeInfo()
        code.code_uuid = self.inputs.code.uuid
        code.cmdline_params = [self.JOB]
        code.stdout_name = self.LOG_FILE
        code.join_files = True
        calc = CalcInfo()
        calc.codes_info = [code]
        calc.retrieve_list = [self.OUTPUT_FILE, self.LOG_FILE]
        calc.retrieve_temporary_list = list(self.TEMPORARY_FILES)
        calc.remote_copy_list = self.restart_copies()
        return calc

    def write_inputs(self, folder: Folder) -> dict[str, Any]:
        """Write the job's own files and return the entries of `input.json` that name them."""
        raise NotImplementedError

    def restart_copies(self) -> list[tuple[str, str, str]]:
        """Return what to copy from the remote folder of the job that this one continues."""
        if "restart_folder" not in self.inputs:
            return []
        remote = self.inputs.restart_folder
        path = remote.get_remote_path()
        return [(remote.computer.uuid, f"{path}/{name}", name) for name in self.RESTART_FOLDERS]

    def write_model(self, folder: Folder) -> dict[str, str]:
        """Write the CHGNet model of the input port `model`."""
        with folder.open(self.MODEL_FILE, "wb") as handle:
            handle.write(self.inputs.model.get_content(mode="rb"))
        return {"model": self.MODEL_FILE}

    def write_structures(self, folder: Folder) -> dict[str, str]:
        """Write the structures of the input namespace `structures`."""
        entries = {label: structure_to_engine(node) for label, node in sorted(self.inputs.structures.items())}
        with folder.open(self.STRUCTURES_FILE, "w", encoding="utf8") as handle:
            json.dump(entries, handle)
        return {"structures": self.STRUCTURES_FILE}

    def write_images(self, folder: Folder) -> dict[str, str]:
        """Write the labelled images of the input port `images`."""
        with folder.open(self.IMAGES_FILE, "wb") as handle:
            handle.write(self.inputs.images.get_content(mode="rb"))
        return {"images": self.IMAGES_FILE}
