"""What the parsers of all engine jobs have in common."""

import json
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from aiida import orm
from aiida.engine import ExitCode
from aiida.parsers.parser import Parser

from aiida_hezsp.calculations.engine_job import EngineCalculation
from aiida_hezsp.engine.errors import OF_THE_MACHINE
from aiida_hezsp.engine.layout import exploded
from aiida_hezsp.errors import HezspError

__all__ = ("EngineParser", "read_arrays")

# What damaged files make json, zipfile and numpy raise: numpy's reader of npz files has no exception of its own.
_DAMAGE = (
    HezspError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


class EngineParser(Parser):
    """Base of the parsers of engine jobs: reads `output.json`, turns its errors into exit codes.

    A subclass turns the bulk files into nodes in `parse_files`, and names in `EXPLODED` its exit code for a job in
    which every structure has left everything physical.
    """

    EXPLODED: str | None = None

    def parse(self, **kwargs: Any) -> ExitCode | None:
        """Register the outputs; return an exit code where something is missing or wrong."""
        try:
            output = self.read_output()
        except FileNotFoundError:
            return self.exit_codes.ERROR_NO_OUTPUT
        except _DAMAGE as error:
            return self.damaged(EngineCalculation.OUTPUT_FILE, error)
        if "error" in output:
            broke_down = output["error"].get("code") in OF_THE_MACHINE
            code = "ERROR_ENGINE_BROKE_DOWN" if broke_down else "ERROR_ENGINE"
            return self.exit_codes[code].format(message=output["error"]["message"])
        if "model" in self.node.inputs:
            model = self.node.inputs.model
            output["model"] = {"name": model.name, "sha256": model.sha256, "label_engines": model.label_engines}
        self.out("results", orm.Dict(output))
        try:
            self.parse_files(output, Path(kwargs["retrieved_temporary_folder"]))
        except _DAMAGE as error:
            return self.damaged("the job's files", error)
        return self.check(output)

    def read_output(self) -> dict[str, Any]:
        """Return the content of `output.json`.

        Raises:
            FileNotFoundError: the engine did not write it.
            ValueError: it is not JSON, or not what the engine writes.
        """
        with self.retrieved.base.repository.open(EngineCalculation.OUTPUT_FILE, "rb") as handle:
            output = json.loads(handle.read(), parse_constant=_refuse)
        if not isinstance(output, dict):
            raise ValueError("a JSON object is needed")  # noqa: TRY004 - the file is wrong, not the caller
        if "error" in output and not isinstance(output["error"]["message"], str):
            raise ValueError("the error has no message")
        return output

    def damaged(self, what: str, error: BaseException) -> ExitCode:
        """Return the exit code for a file that cannot be read."""
        return self.exit_codes.ERROR_OUTPUT_UNREADABLE.format(message=f"{what}: {_one_line(error)}")

    def parse_files(self, output: dict[str, Any], folder: Path) -> None:
        """Register the nodes made of the bulk files in `folder`."""
        raise NotImplementedError

    def check(self, output: dict[str, Any]) -> ExitCode | None:
        """Return an exit code where not one structure of a job with several could be finished."""
        results = output.get("results")
        if not results or any(entry.get("error") is None for entry in results.values()):
            return None
        label, entry = next(iter(results.items()))
        code = self.EXPLODED if self.EXPLODED and exploded(output) else "ERROR_ALL_FAILED"
        return self.exit_codes[code].format(message=f"{label}: {entry['error']}")


def _refuse(text: str) -> None:
    """Refuse what is not JSON, though Python reads it."""
    raise ValueError(f"{text} is not JSON")


def read_arrays(path: Path) -> orm.ArrayData:
    """Return an unstored node with the arrays of an npz file (never unpickled).

    Text arrays are kept as UTF-8 bytes, which AiiDA can store without pickling.

    Raises:
        HezspError: the file is missing or damaged.
    """
    node = orm.ArrayData()
    try:
        with np.load(path, allow_pickle=False) as archive:
            for name in archive.files:
                array = archive[name]
                node.set_array(name, np.char.encode(array, "utf8") if array.dtype.kind == "U" else array)
    except _DAMAGE as error:
        raise HezspError(f"{path.name} is missing or damaged: {_one_line(error)}") from error
    return node


def _one_line(error: BaseException) -> str:
    """Return the text of an exception in one line."""
    return " ".join(str(error).split()) or type(error).__name__
