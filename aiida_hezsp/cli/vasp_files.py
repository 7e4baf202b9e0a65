"""VASP's input files for inspection, and the check of POTCARs, for what a launch would begin with."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiida_hezsp.cli import environment
from aiida_hezsp.errors import PotentialError

if TYPE_CHECKING:
    from aiida import orm

    from aiida_hezsp.cli.launcher import Launch

__all__ = ("check_vasp", "structures_of_launch", "write_vasp_files")

Structures = dict[str, dict[str, "orm.StructureData"]]


def check_vasp(launch: "Launch") -> None:
    """Check INCAR tags and POTCARs of a launch before anything is stored or submitted.

    Raises:
        HezspError: a tag is not one of VASP's; the family does not exist or lacks POTCARs, all of which are named; its
            POTCARs are the stand-in's placeholders and the code is not the stand-in.
    """
    from aiida_hezsp.workflows.dft.incar import incar_overrides
    from aiida_hezsp.workflows.dft.potentials import require_potentials

    dft = launch.settings["dft"]
    if dft.get("engine", "vasp") != "vasp":
        return
    _check_placeholders(launch.options["vasp_code"], launch.options["potential_family"])
    structures = structures_of_launch(launch)
    for kind in structures:
        incar_overrides(dft, kind)
    nodes = [node for group in structures.values() for node in group.values()]
    elements = {symbol for node in nodes for symbol in node.get_symbols_set()}
    require_potentials(elements, launch.options["potential_family"], dft)


def _check_placeholders(code: str, family: str) -> None:
    """Refuse the stand-in's placeholders for another code: VASP would stop at them on the cluster.

    Raises:
        PotentialError: they are asked for.
    """
    if family != environment.STANDIN_FAMILY:
        return
    try:
        name = environment.load_code_or_fail(code).full_label
    except click.ClickException:
        name = code  # a dry run needs no code
    if not name.startswith(environment.STANDIN_LABEL):
        raise PotentialError(
            f"POTCAR family {family!r} holds placeholders for the stand-in, and code {name!r} is not the stand-in: "
            "name your family of VASP's potentials with --potential-family"
        )


def write_vasp_files(launch: "Launch", folder: Path) -> int:
    """Write the input files of every structure that is known before the first calculation; return how many.

    One folder per kind of calculation and structure: `relax/Li3Hf2Si2PO12/INCAR`. The structures of the MD dataset come
    from MD; the undisturbed cells stand for them. Nothing is stored.

    Raises:
        HezspError: as `check_vasp`.
    """
    from aiida_hezsp.workflows.dft.potentials import family_potentials
    from aiida_hezsp.workflows.dft.written_inputs import write_inputs

    check_vasp(launch)
    potentials = family_potentials(launch.options["potential_family"])
    dft, written = launch.settings["dft"], 0
    for kind, structures in structures_of_launch(launch).items():
        for label, structure in structures.items():
            write_inputs(folder / kind / label, structure, dft, kind, potentials)
            written += 1
    return written


def structures_of_launch(launch: "Launch") -> Structures:
    """Return the structures by section of `dft` and label, as unstored nodes."""
    options = launch.options
    if "structures" in options:
        from aiida_hezsp.cli.inputs import unstored_structures

        found = unstored_structures(options["structures"], launch.family, options["cell"], options["seed"])
        return {_section(launch.kind): found}
    potential = launch.settings["potential"]
    return {"relax": _cells(launch, potential["cell"]), "single_point": _cells(launch, potential["md_cell"])}


def _section(kind: str) -> str:
    """Return the section of `dft` for a kind of launch such as `dft.relax_images`."""
    sections = {
        "dft.relax_images": "relax",
        "dft.single_points": "single_point",
        "checks.relaxation": "relax",
        "checks.dynamics": "aimd",
    }
    return sections.get(kind, kind.removeprefix("dft."))


def _cells(launch: "Launch", cell: Any) -> "dict[str, orm.StructureData]":
    """Return the cells of the training compositions."""
    from aiida_hezsp.cli.inputs import unstored_structures
    from aiida_hezsp.workflows.compositions import chosen_formulas

    potential = launch.settings["potential"]
    formulas = tuple(chosen_formulas(launch.family, potential["compositions"]))
    return unstored_structures(formulas, launch.family, cell, potential["configuration_seed"])
