"""The command `aiida-hezsp`."""

from aiida_hezsp.cli.root import cmd_root

__all__ = ("cmd_root",)
