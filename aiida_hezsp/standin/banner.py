"""What marks a label as the stand-in's: the first line of stdout and the comment in every file.

`label_engine` is the reading side: it tells from a job's own output which engine made the labels, so that the mark
can follow them through the graph. Nothing heavy is imported here.
"""

import re

from aiida_hezsp import __version__
from aiida_hezsp.errors import HezspError

__all__ = ("PROGRAM", "VERSION", "first_line", "label_engine", "marker")

PROGRAM = "hezsp-vasp-standin"
VERSION = __version__

_STANDIN = re.compile(rf"^\s*{PROGRAM} \S+ calculator=(\S+) \(no VASP ran\)\s*$", re.MULTILINE)
_MARKER = re.compile(r"^\s*hezsp VASP stand-in \S+: no VASP ran; labels by (\S+)", re.MULTILINE)
_VASP = re.compile(r"^\s*(?:running\s+)?vasp\.(\d+(?:\.\d+)+\S*)", re.MULTILINE | re.IGNORECASE)


def first_line(calculator: str) -> str:
    """First line of the stand-in's stdout (`vasp_output` of an aiida-vasp job)."""
    return f"{PROGRAM} {VERSION} calculator={calculator} (no VASP ran)"


def marker(calculator: str, provenance: str) -> str:
    """Comment in OUTCAR, OSZICAR, CONTCAR and vasprun.xml; `provenance` says which code and version evaluated."""
    return f"hezsp VASP stand-in {VERSION}: no VASP ran; labels by {calculator} ({provenance})"


def label_engine(vasp_output_text: str, outcar_text: str) -> str:
    """`"standin <calculator>"` or `"vasp <version>"`, from a job's stdout and OUTCAR.

    The stand-in's marks are looked for first, in both texts, so that a file with both is never taken for VASP's.
    VASP writes its version as the first line of OUTCAR (`vasp.6.4.2 20Jul23 (build ...) complex`) and in stdout.

    Raises:
        HezspError: neither text says which engine ran.
    """
    standin = _STANDIN.search(vasp_output_text) or _MARKER.search(outcar_text)
    if standin:
        return f"standin {standin[1]}"
    vasp = _VASP.search(outcar_text) or _VASP.search(vasp_output_text)
    if vasp:
        return f"vasp {vasp[1]}"
    raise HezspError(
        "vasp_output and OUTCAR do not say which engine made the labels: expected a first line "
        f"'vasp.<version> ...' (VASP) or '{PROGRAM} <version> calculator=<name> (no VASP ran)'"
    )
