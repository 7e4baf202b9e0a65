"""Write one figure to a file that the user named."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiida_hezsp.errors import InputError
from aiida_hezsp.report.style import settle, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ("SUFFIXES", "write_figure")

# Nothing that differs between two runs stands in the file.
_METADATA: dict[str, dict[str, Any]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}
SUFFIXES = tuple(_METADATA)


def write_figure(figure: "Figure", path: Path) -> None:
    """Write a figure as PNG, SVG or PDF, as the suffix says.

    Raises:
        InputError: the suffix is none of these, or the file cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in _METADATA:
        raise InputError(f"{path} is of no known kind of figure: use {', '.join(SUFFIXES)}")
    try:
        with styled():
            settle(figure)
            figure.savefig(path, metadata=_METADATA[suffix])
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
