"""What AiiDA logs, kept out of the terminal."""

import logging

__all__ = ("quiet_console",)


def quiet_console(level: int) -> None:
    """Keep what AiiDA and plumpy log below a level out of the terminal; in the database it stays.

    `verdi` has a handler of its own for the terminal.
    """
    from aiida.cmdline.utils.log import CliHandler

    for name in ("aiida", "plumpy"):
        for handler in logging.getLogger(name).handlers:
            if isinstance(handler, logging.StreamHandler | CliHandler):
                handler.setLevel(level)
