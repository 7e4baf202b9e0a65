"""Names and messages of the errors a job ends with."""

from aiida_hezsp import errors

__all__ = ("OF_THE_MACHINE", "describe")

# The cause may be gone the next time: memory, a full disk, a GPU, a killed process.
OF_THE_MACHINE = ("ERROR_MEMORY", "ERROR_PROCESS_DIED", "ERROR_UNEXPECTED")

CODES: dict[type[BaseException], str] = {
    errors.InputError: "ERROR_INPUT",
    errors.ModelFileError: "ERROR_MODEL_FILE",
    errors.StructureError: "ERROR_STRUCTURE",
    errors.ImageError: "ERROR_IMAGES",
    errors.TableError: "ERROR_TABLE",
    errors.TrajectoryError: "ERROR_TRAJECTORY",
    errors.ExplosionError: "ERROR_EXPLOSION",
    MemoryError: "ERROR_MEMORY",
}


def describe(error: BaseException) -> tuple[str, str]:
    """Return the code of an error and its message in one line."""
    text = " ".join(str(error).split())
    if isinstance(error, errors.HezspError):
        return CODES.get(type(error), "ERROR_JOB"), text
    return CODES.get(type(error), "ERROR_UNEXPECTED"), f"{type(error).__name__}: {text}" if text else repr(error)
