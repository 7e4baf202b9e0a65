"""The console that commands print tables on."""

from rich.console import Console

__all__ = ("terminal",)

_WIDTH = 120  # columns where the output is not a terminal: a file or a pipe has room for whole formulas


def terminal(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal, or wide enough for our tables where there is none."""
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=_WIDTH)
