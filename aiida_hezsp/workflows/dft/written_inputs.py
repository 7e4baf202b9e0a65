"""The input files of a VASP calculation for inspection: what aiida-vasp would write, and no licensed text."""

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from aiida import orm

from aiida_hezsp.workflows.dft.vasp_inputs import vasp_inputs

__all__ = ("write_inputs",)

_DIGITS = 10  # aiida-vasp's default for POSCAR


def write_inputs(
    folder: Path, structure: orm.StructureData, dft: Mapping[str, Any], kind: str, potentials: Mapping[str, Any]
) -> None:
    """Write INCAR, KPOINTS and POSCAR by aiida-vasp's own writers, and POTCAR.spec: symbols, titles and hashes.

    Nothing is stored, and no text of a POTCAR is read.

    Args:
        folder: is made; files in it are overwritten.
        structure: the structure, stored or not.
        dft: section `dft` of a protocol.
        kind: ``relax`` or ``single_point``, a section of `dft`.
        potentials: the `PotcarData` of the family by symbol.

    Raises:
        SettingsError: an INCAR tag of the protocol is not one of VASP's, or contradicts the mesh.
    """
    from aiida_vasp.parsers.content_parsers.incar import IncarParser
    from aiida_vasp.parsers.content_parsers.kpoints import KpointsParser
    from aiida_vasp.parsers.content_parsers.poscar import PoscarParser

    inputs = vasp_inputs(structure, {"code": None, "potential_family": None}, dft, kind, kind)
    known = "unsupported_parameters" not in inputs["settings"].get_dict()
    folder.mkdir(parents=True, exist_ok=True)
    incar = orm.Dict(inputs["parameters"]["incar"])
    IncarParser(data=incar, validate_tags=known).write(str(folder / "INCAR"))
    KpointsParser(data=inputs["kpoints"]).write(str(folder / "KPOINTS"))
    PoscarParser(data=structure, precision=_DIGITS).write(str(folder / "POSCAR"))
    symbols = inputs["potential_mapping"].get_dict()
    blocks = [symbols[kind_name] for kind_name, _ in groupby(site.kind_name for site in structure.sites)]
    (folder / "POTCAR.spec").write_text(_specification(blocks, potentials), encoding="utf8")


def _specification(blocks: list[str], potentials: Mapping[str, Any]) -> str:
    """Return one line per block of POTCAR, in its order: symbol, title, SHA-512 as aiida-vasp computes it."""
    lines = [f"{symbol}  {potentials[symbol].title}  sha512:{potentials[symbol].sha512}" for symbol in blocks]
    return "\n".join([*lines, ""])
