"""Files that commands write, checked before anything is computed, and tables that they print."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from aiida_hezsp.errors import InputError

__all__ = ("check_output", "print_table")


def check_output(
    path: Path, *, suffixes: Sequence[str] = (), overwrite: bool = True, option: str = "--overwrite"
) -> None:
    """Refuse a file that cannot be written, or that exists and may not be replaced.

    Args:
        path: the file.
        suffixes: kinds of figures it may be of; any file if empty.
        overwrite: whether it may be replaced.
        option: the option that lets it be replaced.

    Raises:
        InputError: it is of another kind, exists already, or its folder does not exist.
    """
    if suffixes and path.suffix.lower() not in suffixes:
        raise InputError(f"{path} is of no known kind of figure: use {', '.join(suffixes)}")
    if path.exists() and not overwrite:
        raise InputError(f"{path} exists already: choose another name, or add {option}")
    if not path.resolve().parent.is_dir():
        raise InputError(f"{path} cannot be written: {path.resolve().parent} is no folder")


def print_table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows below their headers, without lines."""
    from rich.table import Table

    from aiida_hezsp.cli.terminal import terminal

    table = Table(*headers, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(str, row))
    terminal().print(table, markup=False)
