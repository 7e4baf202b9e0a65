"""A dataset from a file of labelled images."""

import io

from aiida import orm
from aiida.engine import calcfunction

from aiida_hezsp.data import ImageData
from aiida_hezsp.potential.image_files import read_extxyz

__all__ = ("read_images",)


@calcfunction
def read_images(file: orm.SinglefileData, engine: orm.Str | None = None) -> ImageData:
    """Read a dataset from an extended XYZ file; the calculations behind its labels are not in the graph, the file is.

    Args:
        file: see `aiida_hezsp.potential.read_extxyz`.
        engine: what made the labels, where frames do not say so.

    Returns:
        The dataset.

    Raises:
        ImageError: it is no such file, or a frame lacks what an image needs.
    """
    return ImageData(read_extxyz(io.StringIO(file.get_content()), None if engine is None else engine.value))
