"""`aiida-hezsp composition`: check a formula against a family and say what follows from it."""

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from aiida_hezsp.chemistry import Composition
    from aiida_hezsp.families import CellName

__all__ = ("cmd_composition",)


@click.command("composition", epilog="Example: aiida-hezsp composition lzsp Li3.5Zr0.5Hf0.5Al0.5Ge0.5Si2PO12")
@click.argument("family")
@click.argument("formula")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def cmd_composition(family: str, formula: str, as_json: bool) -> None:
    """Check a FORMULA against a FAMILY (a shipped name such as lzsp, or a family file).

    Prints mobile-ion content, entropy, type, and the atoms of the cells.
    """
    from aiida_hezsp.chemistry import parse_formula
    from aiida_hezsp.families import load_family

    composition = parse_formula(load_family(family), formula)
    sites = {cell: _sites(composition, cell) for cell in ("primitive", "supercell")}
    if as_json:
        click.echo(json.dumps({**composition.as_dict(), "sites": sites}, indent=1))
    else:
        _print_table(composition, sites)


def _sites(composition: "Composition", cell: "CellName") -> dict[str, int] | None:
    """Return the atoms of a cell, or None where it cannot hold the composition."""
    from aiida_hezsp.errors import CompositionError

    try:
        return composition.sites(cell)
    except CompositionError:
        return None


def _print_table(composition: "Composition", sites: dict[str, Any]) -> None:
    from rich.table import Table

    from aiida_hezsp.cli.terminal import terminal

    fractions = " ".join(f"{element} {float(f):.4g}" for element, f in composition.site_fractions.items())
    table = Table(title=composition.formula, show_header=False)
    table.add_row("family", composition.family.name)
    table.add_row("x(Li)", f"{float(composition.x_li):g}")
    table.add_row(f"{composition.family.substituted.element} site", fractions)
    table.add_row("S_config", f"{composition.s_config:.3f} R ({composition.entropy_class} entropy)")
    table.add_row("type", composition.type or "none of the family's table")
    for cell, atoms in sites.items():
        table.add_row(cell, _atoms(atoms))
    terminal().print(table)


def _atoms(atoms: dict[str, int] | None) -> str:
    if atoms is None:
        return "no whole atoms"
    listed = " ".join(f"{element}{count}" for element, count in atoms.items())
    return f"{listed} ({sum(atoms.values())} atoms)"
