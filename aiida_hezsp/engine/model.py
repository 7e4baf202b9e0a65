"""The model of a job: a file in its folder, or a bundled one."""

from pathlib import Path

from aiida_hezsp.engine.job_input import resolve
from aiida_hezsp.errors import InputError, ModelFileError
from aiida_hezsp.potential.model_file import BUNDLED, read_metadata, sha256_of

__all__ = ("find_model",)


def find_model(folder: Path, name: str) -> tuple[str, str]:
    """Return path (or bundled name) and SHA-256 checksum of a job's model, after a first check of its header.

    Raises:
        ModelFileError: there is no such model, or the file is of another format.
    """
    if name in BUNDLED:
        return name, sha256_of(name)
    try:
        path = resolve(folder, name)
    except InputError as error:
        raise ModelFileError(f"model: {error}; bundled models are {', '.join(BUNDLED)}") from error
    read_metadata(path)
    return str(path), sha256_of(path)
