"""What every job's input has, and how it is checked."""

import re
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aiida_hezsp.errors import InputError

__all__ = ("FileName", "JobInput", "ModelName", "read_input", "resolve")

FileName = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9_.+-]+(/[A-Za-z0-9_.+-]+)*$")]
"""A file in the job's folder (relative path)."""
ModelName = FileName
"""A model file in the job's folder, or the name of a bundled model: `0.2.0`, `0.3.0`, `r2scan`."""


class JobInput(BaseModel):
    """Base of the inputs: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    job: str
    threads: int = Field(default=1, ge=1, le=1024, description="threads of each process")
    workers: int = Field(default=1, ge=1, le=1024, description="processes; at most one per structure is used")


Input = TypeVar("Input", bound=BaseModel)


def read_input(kind: type[Input], content: Any) -> Input:
    """Return the checked input of a job.

    Raises:
        InputError: with the first thing that is wrong: where, what was given, what would be right.
    """
    if not isinstance(content, dict):
        raise InputError("input.json must hold one JSON object")
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise InputError(_first_problem(kind, error)) from error


def resolve(folder: Path, name: str) -> Path:
    """Return the path of a file named in the input.

    Raises:
        InputError: it is not there, or not inside the folder.
    """
    path = folder / name
    if ".." in Path(name).parts or not path.is_file():
        raise InputError(f"{name} is not in the folder {folder.resolve()}")
    return path


def _first_problem(kind: type[BaseModel], error: ValidationError) -> str:
    """Return one line about the first problem."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        known = ", ".join(sorted(kind.model_fields))
        return f"input.json: {where} is not a setting of this job; it has {known}"
    if first["type"] == "missing":
        return f"input.json: {where} is missing"
    given = re.sub(r"\s+", " ", repr(first["input"]))[:80]
    return f"input.json: {where}: {first['msg']}, but {given} was given"
