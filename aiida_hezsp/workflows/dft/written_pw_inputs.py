"""The input of a pw.x calculation for inspection: what aiida-quantumespresso would write."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiida import orm

from aiida_hezsp.workflows.dft.quantumespresso import pw_inputs

__all__ = ("write_pw_inputs",)


def write_pw_inputs(folder: Path, structure: orm.StructureData, dft: Mapping[str, Any], kind: str, family: str) -> None:
    """Write `aiida.in` by aiida-quantumespresso's own writer, and `PSEUDOS.spec`: kind, file name and MD5.

    Nothing is stored.

    Args:
        folder: is made; files in it are overwritten.
        structure: the structure, stored or not.
        dft: section `dft` of a protocol.
        kind: ``relax`` or ``single_point``, a section of `dft`.
        family: label of the family of pseudopotentials.

    Raises:
        HezspError: aiida-quantumespresso, pseudopotentials or cut-offs are missing, or a setting has no counterpart.
    """
    from aiida.plugins import CalculationFactory

    made = pw_inputs(structure, {"code": None, "pseudo_family": orm.Str(family)}, dft, kind, kind)
    pw = made["pw"]
    calculation: Any = CalculationFactory("quantumespresso.pw")
    text, _ = calculation._generate_pwcp_inputdata(  # noqa: SLF001 - the only way to its text without a job
        pw["parameters"], pw["settings"].get_dict(), pw["pseudos"], structure, made["kpoints"]
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "aiida.in").write_text(text, encoding="utf8")
    lines = [f"{name}  {pseudo.filename}  md5:{pseudo.md5}" for name, pseudo in sorted(pw["pseudos"].items())]
    (folder / "PSEUDOS.spec").write_text("\n".join([*lines, ""]), encoding="utf8")
