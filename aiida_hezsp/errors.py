"""Errors with messages for the user: what is wrong, where, and what would be right."""

__all__ = (
    "ArchiveError",
    "BenchmarkError",
    "CompositionError",
    "CostError",
    "ExplosionError",
    "FamilyError",
    "FormulaError",
    "HezspError",
    "ImageError",
    "InputError",
    "ModelFileError",
    "PotentialError",
    "PredictionError",
    "SettingsError",
    "StandinError",
    "StructureError",
    "TableError",
    "TrajectoryError",
    "VaspRunError",
)


class HezspError(Exception):
    """Base of all errors this package raises on purpose; its text is one clear line for the user."""


class FamilyError(HezspError):
    """A family file is missing, malformed, or contradicts itself."""


class FormulaError(HezspError):
    """A formula cannot be read or does not belong to the family."""


class CompositionError(HezspError):
    """A composition is outside what the family allows (unknown element, charge, or mobile-ion content)."""


class CostError(HezspError):
    """What is asked for would take more time or memory than was allowed."""


class SettingsError(HezspError, ValueError):
    """A setting of an estimator is outside what it may be."""


class StructureError(HezspError):
    """A structure or CIF cannot be read or does not fit the family."""


class ModelFileError(HezspError):
    """A model file is damaged, of another format, or asks for something that is not allowed."""


class PotentialError(HezspError):
    """POTCARs are missing from a family, or the family itself is."""


class VaspRunError(HezspError):
    """A finished VASP directory cannot be imported: damaged, unfinished, or not what the dataset needs."""


class ImageError(HezspError):
    """A set of labelled images is empty, malformed, or mixes what must not be mixed."""


class TableError(HezspError):
    """A table of features and targets is malformed, or too small for what is asked of it."""


class TrajectoryError(HezspError):
    """Positions, MSD curves or diffusivities cannot be analysed as asked."""


class InputError(HezspError):
    """The input of a job is missing, malformed, or asks for what does not exist."""


class ExplosionError(HezspError):
    """A relaxation or a molecular dynamics run has left everything physical."""


class ArchiveError(HezspError):
    """An archive cannot be written or read, or holds what may not be in it (licensed POTCAR text)."""


class PredictionError(HezspError):
    """What is asked for is not a prediction of this profile."""


class StandinError(HezspError):
    """The VASP stand-in refuses its input files or options; the text is what it prints before it stops."""


class BenchmarkError(HezspError):
    """A benchmark cannot run here: a process of it has ended, or memory is short."""
