"""Read a finished run as VASP itself recorded it, and say what is wrong with one that is not."""

import re
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiida_hezsp.errors import VaspRunError
from aiida_hezsp.provenance.import_vasp.finding import RunFiles
from aiida_hezsp.provenance.import_vasp.unpacking import tail_of, unpack

if TYPE_CHECKING:
    from pymatgen.core import Structure
    from pymatgen.io.vasp import Vasprun

__all__ = ("FinishedRun", "read_run")

_END = "General timing and accounting informations"
_ENERGY = re.compile(r"energy\(sigma->0\)\s*=\s*(-?\d+\.\d+)")
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?")
_DIGEST = 32  # hexadecimal digits
_HEAD, _TAIL = 1 << 10, 1 << 22  # bytes; the last energy of OUTCAR stands some 100 kB before its end
_TOLERANCE = 1e-4  # eV; OUTCAR has four to eight decimals
_ROUNDING = 1e-8
_AS_POTCAR = ("GGA", "LDA", "NO")
_FUNCTIONALS = {"PAW_PBE": "PBE", "PAW": "LDA", "PAW_GGA": "PW91"}
_FROZEN_CHARGE = 10  # ICHARG from here on: bands and densities of states
_PHONONS = (5, 6, 7, 8)
_TITLE_WORDS = 2  # PAW_PBE Li_sv 10Sep2004: functional, symbol, date; some have no date
# What pymatgen raises on files that are damaged, or not VASP's.
_UNREADABLE = (AttributeError, IndexError, KeyError, SyntaxError, TypeError, ValueError)


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """A run that VASP finished, unpacked in `folder`; what it used is taken from vasprun.xml.

    INCAR, KPOINTS and POSCAR beside it may have been changed since, or be missing; vasprun.xml holds what VASP read.
    """

    source: RunFiles
    folder: Path
    fingerprint: str
    vasprun: "Vasprun"

    @cached_property
    def incar(self) -> dict[str, Any]:
        """The tags of INCAR, in lower case; small numbers, which vasprun.xml rounds to eight decimals, from INCAR."""
        file = _read_incar(self.folder / "INCAR")
        return {tag.lower(): _sharper(value, file.get(tag)) for tag, value in self.vasprun.incar.items()}

    @property
    def version(self) -> str:
        """The version of VASP, without the date of its build."""
        text = str(self.vasprun.vasp_version)
        match = _VERSION.match(text)
        return match[0] if match else text

    @property
    def n_steps(self) -> int:
        """Number of ionic steps."""
        return len(self.vasprun.ionic_steps)

    @property
    def kind(self) -> str:
        """``relaxation``, ``md`` or ``single point``."""
        ibrion = self.vasprun.parameters.get("IBRION", -1)
        if ibrion == 0:
            return "md"
        return "relaxation" if ibrion in {1, 2, 3} and self.vasprun.parameters.get("NSW", 0) > 1 else "single point"

    @property
    def initial(self) -> "Structure":
        """The structure that VASP started from."""
        return self.vasprun.initial_structure

    @property
    def final(self) -> "Structure":
        """The structure that VASP wrote to CONTCAR."""
        return self.vasprun.final_structure

    @cached_property
    def titles(self) -> dict[str, str]:
        """Title of the POTCAR by its symbol, such as ``{"Li_sv": "PAW_PBE Li_sv 10Sep2004"}``."""
        titles = [" ".join(str(title).split()) for title in self.vasprun.potcar_symbols]
        short = [title for title in titles if len(title.split()) < _TITLE_WORDS]
        if short:
            raise VaspRunError(f"the POTCAR title {short[0]!r} does not say which POTCAR it was")
        return {title.split()[1]: title for title in titles}

    @cached_property
    def level(self) -> dict[str, Any]:
        """What must be the same for energies to be compared: functional, cut-off (eV), and by element POTCAR and U."""
        parameters = self.vasprun.parameters
        kinds = "/".join(sorted({title.split()[0] for title in self.titles.values()}))
        functional = self.vasprun.run_type.removesuffix("+U")
        if functional in _AS_POTCAR:  # no tag GGA: VASP takes the functional that the POTCARs were made with
            functional = _FUNCTIONALS.get(kinds, functional)
        if vdw := parameters.get("IVDW"):
            functional += f"+IVDW{vdw}"
        if parameters.get("LSORBIT"):
            functional += "+SOC"
        level = {"functional": functional, "POTCARs": kinds, "ENCUT": float(parameters["ENMAX"])}
        level |= {f"POTCAR of {symbol.partition('_')[0]}": title for symbol, title in self.titles.items()}
        hubbards = self.vasprun.hubbards
        return level | {f"U of {element}": hubbards.get(element, 0.0) for element in self.vasprun.atomic_symbols}


def read_run(source: RunFiles, folder: Path) -> FinishedRun:
    """Unpack a run into `folder` and check that VASP finished it.

    Raises:
        VaspRunError: a file is missing, damaged, not VASP's, or of another run; VASP did not come to its end.
    """
    digests = [_unpack_needed(source, folder, name) for name in ("vasprun.xml", "OUTCAR")]
    _require_end(folder)
    vasprun = _parse(folder / "vasprun.xml")
    if not vasprun.ionic_steps:
        raise VaspRunError("vasprun.xml holds not one ionic step")
    _require_kind(vasprun)
    _require_same_run(vasprun, folder / "OUTCAR")
    digests.append(_complete(source, folder, vasprun))
    return FinishedRun(source, folder, "-".join(digest[:_DIGEST] for digest in digests), vasprun)


def _unpack_needed(source: RunFiles, folder: Path, name: str) -> str:
    """Unpack a file without which there is no run; return its digest."""
    path = source.get(name)
    if path is None:
        raise VaspRunError(f"there is no {name}")
    digest = unpack(path, folder / name)
    if (folder / name).stat().st_size == 0:
        raise VaspRunError(f"{name} is empty")
    return digest


def _require_end(folder: Path) -> None:
    """Check that both files have their ends."""
    with (folder / "vasprun.xml").open("rb") as file:
        if not file.read(_HEAD).lstrip().startswith(b"<?xml"):
            raise VaspRunError("vasprun.xml is not XML")
    if "</modeling>" not in tail_of(folder / "vasprun.xml"):
        raise VaspRunError("unfinished: vasprun.xml ends early")
    if _END not in tail_of(folder / "OUTCAR"):
        raise VaspRunError("unfinished: OUTCAR has no timing at its end")


def _parse(path: Path) -> "Vasprun":
    """Return vasprun.xml as pymatgen reads it, without what images do not need."""
    from pymatgen.io.vasp import Vasprun

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Vasprun(path, parse_dos=False, parse_eigen=False, parse_potcar_file=False)
    except _UNREADABLE as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise VaspRunError(f"vasprun.xml is damaged: {reason}") from error


def _require_kind(vasprun: "Vasprun") -> None:
    """Check that energies and forces are what the run is about: after a linear response the last energy is another."""
    parameters = vasprun.parameters
    found = [tag for tag in ("LEPSILON", "LCALCEPS") if parameters.get(tag)]
    if parameters.get("IBRION") in _PHONONS:
        found.append(f"IBRION = {parameters['IBRION']}")
    if parameters.get("ICHARG", 0) >= _FROZEN_CHARGE:
        found.append(f"ICHARG = {parameters['ICHARG']} (not self-consistent)")
    if found:
        raise VaspRunError(f"{' and '.join(found)}: not a relaxation, MD or single point")


def _require_same_run(vasprun: "Vasprun", outcar: Path) -> None:
    """Check that OUTCAR ends with the energy with which vasprun.xml ends."""
    energies = _ENERGY.findall(tail_of(outcar, _TAIL))
    steps = vasprun.ionic_steps[-1].get("electronic_steps") or [{}]
    energy = steps[-1].get("e_0_energy")
    if not energies:
        raise VaspRunError("OUTCAR holds no energy")
    if energy is not None and abs(float(energies[-1]) - energy) > _TOLERANCE:
        raise VaspRunError(f"OUTCAR ({energies[-1]} eV) and vasprun.xml ({energy:.8f} eV) are of different runs")


def _complete(source: RunFiles, folder: Path, vasprun: "Vasprun") -> str:
    """Unpack the other files; make those that aiida-vasp cannot do without. Return the digest of stdout."""
    contcar, incar, stdout = source.get("CONTCAR"), source.get("INCAR"), source.stdout
    if incar is not None:
        unpack(incar, folder / "INCAR")
    if contcar is not None:
        unpack(contcar, folder / "CONTCAR")
    if contcar is None or (folder / "CONTCAR").stat().st_size == 0:
        from pymatgen.io.vasp import Poscar

        Poscar(vasprun.final_structure).write_file(folder / "CONTCAR")
    if stdout is not None:
        return unpack(stdout, folder / "vasp_output")
    (folder / "vasp_output").touch()
    return ""


def _read_incar(path: Path) -> dict[str, Any]:
    """Return the tags of an INCAR; none where there is none or it cannot be read."""
    from pymatgen.io.vasp import Incar

    try:
        return dict(Incar.from_file(path))
    except (OSError, *_UNREADABLE):
        return {}


def _sharper(value: Any, written: Any) -> Any:
    """Return the number of INCAR where it is the one of vasprun.xml but for rounding."""
    numbers = isinstance(value, float) and isinstance(written, (int, float))
    return float(written) if numbers and abs(written - value) < _ROUNDING else value
