"""Inputs of pw.x from what the user typed: code and pseudopotentials, their check, and files for inspection."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiida_hezsp.cli import environment
from aiida_hezsp.cli.inputs import read_options
from aiida_hezsp.cli.vasp_files import structures_of_launch

if TYPE_CHECKING:
    from aiida_hezsp.cli.launcher import Launch

__all__ = ("check_pw", "pw_namespace", "write_pw_files")


def pw_namespace(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the namespace `pw` of a work chain.

    Raises:
        click.ClickException: the code or the family is not named, or there is no such code.
    """
    from aiida import orm

    if not options["pw_code"]:
        raise click.UsageError("dft.engine is quantumespresso: name the code of pw.x with --pw-code, e.g. pw@cluster")
    pw: dict[str, Any] = {
        "code": environment.load_code_or_fail(options["pw_code"]),
        "pseudo_family": orm.Str(_family(options)),
    }
    if given := read_options(options["pw_options"], "--pw-options"):
        pw["options"] = orm.Dict(given)
    return pw


def check_pw(launch: "Launch") -> None:
    """Check settings and pseudopotentials of a launch before anything is stored or submitted; say what runs without +U.

    Raises:
        HezspError: a setting has no counterpart for pw.x, or pseudopotentials are missing, all of which are named.
    """
    from aiida_hezsp.workflows.dft.engines import dft_engine
    from aiida_hezsp.workflows.dft.quantumespresso import without_u

    dft, elements, plain = launch.settings["dft"], set(), set()
    by_kind = structures_of_launch(launch)
    for structures in by_kind.values():
        elements |= {symbol for node in structures.values() for symbol in node.get_symbols_set()}
    dft_engine(dft).check(elements, _family(launch.options), dft)
    for kind, structures in by_kind.items():
        plain |= {*without_u((node for node in structures.values() if not hasattr(node, "hubbard")), dft, kind)}
    if plain:
        click.echo(f"note: pw.x runs without +U, which MPRelaxSet prescribes for {', '.join(sorted(plain))}", err=True)


def write_pw_files(launch: "Launch", folder: Path) -> int:
    """Write the input of pw.x for every structure that is known before the first calculation; return how many.

    One folder per kind of calculation and structure: `relax/Li3Hf2Si2PO12/aiida.in`. Nothing is stored.

    Raises:
        HezspError: as `check_pw`.
    """
    from aiida_hezsp.workflows.dft.written_pw_inputs import write_pw_inputs

    check_pw(launch)
    dft, family, written = launch.settings["dft"], _family(launch.options), 0
    for kind, structures in structures_of_launch(launch).items():
        for label, structure in structures.items():
            write_pw_inputs(folder / kind / label, structure, dft, kind, family)
            written += 1
    return written


def _family(options: Mapping[str, Any]) -> str:
    """Return the label of the family of pseudopotentials."""
    if not options["pseudo_family"]:
        raise click.UsageError(
            "dft.engine is quantumespresso: name the pseudopotentials with --pseudo-family, e.g. "
            "SSSP/1.3/PBE/efficiency (`aiida-pseudo list` shows what is installed)"
        )
    return str(options["pseudo_family"])
