"""What the parsers of all engine jobs have in common."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from aiida import orm
from aiida.engine import ExitCode
from aiida.parsers.parser import Parser

from aiida_hezsp.calculations.engine_job import EngineCalculation
from aiida_hezsp.errors import HezspError

__all__ = ("EngineParser", "read_arrays")


class EngineParser(Parser):
    """Base of the parsers of engine jobs: reads `output.json`, turns its errors into exit codes.

    A subclass turns the bulk files into nodes in `parse_files`.
    """

    def parse(self, **kwargs: Any) -> ExitCode | None:
        """Register the outputs; return an exit code where something is missing or wrong."""
        try:
            with self.retrieved.base.repository.open(EngineCalculation.OUTPUT_FILE, "r") as handle:
                output = json.load(handle)
        except FileNotFoundError:
            return self.exit_codes.ERROR_NO_OUTPUT
        except json.JSONDecodeError as error:
            return self.exit_codes.ERROR_OUTPUT_UNREADABLE.format(message=f"output.json: {error}")
        if "error" in output:
            return self.exit_codes.ERROR_ENGINE.format(message=output["error"]["message"])
        if "model" in self.node.inputs:
            model = self.node.inputs.model
            output["model"] = {"name": model.name, "sha256": model.sha256, "label_engines": model.label_engines}
        self.out("results", orm.Dict(output))
        try:
            self.parse_files(output, Path(kwargs["retrieved_temporary_folder"]))
        except (HezspError, OSError, ValueError, KeyError) as error:
            return self.exit_codes.ERROR_OUTPUT_UNREADABLE.format(message=str(error))
        return self.check(output)

    def parse_files(self, output: dict[str, Any], folder: Path) -> None:
        """Register the nodes made of the bulk files in `folder`."""
        raise NotImplementedError

    def check(self, output: dict[str, Any]) -> ExitCode | None:
        """Return an exit code where not one structure of a job with several could be finished."""
        results = output.get("results")
        if not results or any(entry.get("error") is None for entry in results.values()):
            return None
        label, entry = next(iter(results.items()))
        return self.exit_codes.ERROR_ALL_FAILED.format(message=f"{label}: {entry['error']}")


def read_arrays(path: Path) -> orm.ArrayData:
    """Return an unstored node with the arrays of an npz file (never unpickled).

    Text arrays are kept as UTF-8 bytes, which AiiDA can store without pickling.
    """
    node = orm.ArrayData()
    with np.load(path, allow_pickle=False) as archive:
        for name in archive.files:
            array = archive[name]
            node.set_array(name, np.char.encode(array, "utf8") if array.dtype.kind == "U" else array)
    return node
