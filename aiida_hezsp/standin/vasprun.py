"""vasprun.xml, written as the run goes: nothing is kept in memory, and a killed run leaves it without closing tags."""

import re
from datetime import UTC, datetime
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from aiida_hezsp.standin.banner import PROGRAM, VERSION
from aiida_hezsp.standin.inputs import Job
from aiida_hezsp.standin.step import Step

__all__ = ("VasprunWriter",)

FloatArray = NDArray[np.float64]

_REAL_TAGS = frozenset({
    "AEXX", "AMIN", "AMIX", "BMIX", "EDIFF", "EDIFFG", "ENCUT", "HFSCREEN", "KSPACING", "NELECT", "POTIM", "SIGMA",
    "SMASS", "TEBEG", "TEEND",
})  # fmt: skip
_VECTOR_TAGS = frozenset({
    "DIPOL", "LANGEVIN_GAMMA", "LDAUJ", "LDAUL", "LDAUU", "MAGMOM", "RANDOM_SEED", "ROPT", "RWIGS",
})  # fmt: skip
_INTEGER = re.compile(r"[+-]?\d+")
_LOGICAL = re.compile(r"\.?([tTfF])(?:rue|RUE|alse|ALSE)?\.?")


class VasprunWriter:
    """Writes the head, one `<calculation>` an ionic step, and the final structure."""

    def __init__(self, stream: TextIO, comment: str) -> None:
        self._stream = stream
        now = datetime.now(tz=UTC)
        self._write(
            '<?xml version="1.0" encoding="ISO-8859-1"?>',
            "<modeling>",
            f" <!-- {escape(comment)} -->",
            " <generator>",
            f'  <i name="program" type="string">{PROGRAM} </i>',
            f'  <i name="version" type="string">{VERSION}  </i>',
            f'  <i name="subversion" type="string">{escape(comment)} </i>',
            '  <i name="platform" type="string">no VASP ran </i>',
            f'  <i name="date" type="string">{now:%Y %m %d} </i>',
            f'  <i name="time" type="string">{now:%H:%M:%S} </i>',
            " </generator>",
        )

    def begin(self, job: Job) -> None:
        """Write INCAR, k-points, parameters, ions and the initial structure."""
        self._write(" <incar>", *(_incar_item(tag, value) for tag, value in job.incar.tags.items()), " </incar>")
        self._kpoints(job)
        self._parameters(job)
        self._atominfo(job)
        self._structure(job.atoms, name="initialpos")
        self._stream.flush()

    def step(self, step: Step) -> None:
        """Write one ionic step."""
        self._write(" <calculation>")
        for energy in step.scf.energies:
            self._write("  <scstep>", *_energy("   ", energy), "  </scstep>")
        self._structure(step.atoms)
        self._write('  <varray name="forces" >', *_vectors("   ", step.labels.forces), "  </varray>")
        if step.labels.stress is not None:
            self._write('  <varray name="stress" >', *_vectors("   ", step.labels.stress), "  </varray>")
        self._write(*_energy("  ", step.scf.energy, step), " </calculation>")
        self._stream.flush()

    def cut(self, step: Step) -> None:
        """Write the start of a `<calculation>` and no more, as a killed VASP leaves it."""
        self._write(" <calculation>", "  <scstep>", *_energy("   ", step.scf.energies[0])[:-2])
        self._stream.flush()

    def end(self, atoms: Atoms) -> None:
        """Write the final structure and close."""
        self._structure(atoms, name="finalpos")
        self._write("</modeling>")
        self._stream.flush()

    def _write(self, *lines: str) -> None:
        self._stream.write("\n".join(lines) + "\n")

    def _kpoints(self, job: Job) -> None:
        kpoints = job.kpoints
        self._write(" <kpoints>")
        if kpoints.divisions is not None:
            self._write(
                f'  <generation param="{kpoints.style}">',
                f'   <v type="int" name="divisions"> {" ".join(f"{n:8d}" for n in kpoints.divisions)} </v>',
                f'   <v name="usershift"> {_numbers(kpoints.shift)} </v>',
                *(f'   <v name="genvec{axis + 1}"> {_numbers(row)} </v>' for axis, row in
                  enumerate(np.diag(1.0 / np.array(kpoints.divisions)))),
                '   <v name="shift">       0.00000000       0.00000000       0.00000000 </v>',
                "  </generation>",
            )  # fmt: skip
        self._write('  <varray name="kpointlist" >', *_vectors("   ", kpoints.points), "  </varray>")
        self._write('  <varray name="weights" >', *_vectors("   ", kpoints.weights[:, None]), "  </varray>")
        self._write(" </kpoints>")

    def _parameters(self, job: Job) -> None:
        settings = job.settings
        encut = settings.encut or max(header.enmax for header in job.potcar)
        sections: dict[str, dict[str, object]] = {
            "general": {"SYSTEM": settings.system},
            "electronic": {"ENMAX": encut, "EDIFF": settings.ediff, "NBANDS": job.n_bands, "NELECT": job.n_electrons},
            "electronic convergence": {"NELM": settings.nelm, "NELMIN": settings.nelmin},
            "electronic spin": {"ISPIN": settings.ispin},
            "electronic exchange-correlation": {
                "GGA": "PE", "LHFCALC": False, "LUSE_VDW": False, "HFSCREEN": 0.0, "AEXX": 0.0,
            },
            "electronic dft+u": {"LDAU": job.incar.logical("LDAU", default=False)},
            "electronic projectors": {"LORBIT": settings.lorbit},
            "ionic": {
                "NSW": settings.nsw, "IBRION": settings.ibrion, "ISIF": settings.isif, "EDIFFG": settings.ediffg,
                "POTIM": settings.potim, "SMASS": settings.smass,
            },
            "ionic md": {"TEBEG": settings.tebeg, "TEEND": settings.teend},
        }  # fmt: skip
        self._write(" <parameters>")
        for name, items in sections.items():
            rows = (_typed_item(tag, value) for tag, value in items.items())
            self._write(f'  <separator name="{name}" >', *(f"  {row}" for row in rows), "  </separator>")
        self._write(" </parameters>")

    def _atominfo(self, job: Job) -> None:
        types = job.poscar.types
        rows = (f"    <rc><c>{job.elements[kind]:2s}</c><c>{kind + 1:4d}</c></rc>" for kind in types)
        kinds = (
            f"    <rc><c>{count:4d}</c><c>{header.element:2s}</c><c>{header.pomass:16.8f}</c><c>{header.zval:16.8f}</c>"
            f"<c>  {escape(header.title):40s}</c></rc>"
            for header, count in zip(job.potcar, job.poscar.counts, strict=True)
        )
        self._write(
            " <atominfo>",
            f"  <atoms>{len(types):8d} </atoms>",
            f"  <types>{len(job.potcar):8d} </types>",
            '  <array name="atoms" >',
            '   <dimension dim="1">ion</dimension>',
            '   <field type="string">element</field>',
            '   <field type="int">atomtype</field>',
            "   <set>", *rows, "   </set>",
            "  </array>",
            '  <array name="atomtypes" >',
            '   <dimension dim="1">type</dimension>',
            '   <field type="int">atomspertype</field>',
            '   <field type="string">element</field>',
            "   <field>mass</field>",
            "   <field>valence</field>",
            '   <field type="string">pseudopotential</field>',
            "   <set>", *kinds, "   </set>",
            "  </array>",
            " </atominfo>",
        )  # fmt: skip

    def _structure(self, atoms: Atoms, name: str | None = None) -> None:
        cell = np.array(atoms.cell)
        self._write(
            f' <structure name="{name}" >' if name else "  <structure>",
            "  <crystal>",
            '   <varray name="basis" >', *_vectors("    ", cell), "   </varray>",
            f'   <i name="volume"> {atoms.get_volume():16.8f} </i>',
            '   <varray name="rec_basis" >', *_vectors("    ", np.linalg.inv(cell).T), "   </varray>",
            "  </crystal>",
            '  <varray name="positions" >', *_vectors("   ", atoms.get_scaled_positions(wrap=True)), "  </varray>",
            " </structure>" if name else "  </structure>",
        )  # fmt: skip


def _energy(indent: str, energy: float, step: Step | None = None) -> list[str]:
    """The `<energy>` block; the calculator has no entropy term, so that all three energies are one (eV)."""
    items = {"e_fr_energy": energy, "e_wo_entrp": energy, "e_0_energy": energy}
    if step is not None and step.thermo is not None:
        items |= {"kinetic": step.thermo.kinetic, "total": step.thermo.conserved}
    rows = [f'{indent} <i name="{name}">{value:16.8f} </i>' for name, value in items.items()]
    return [f"{indent}<energy>", *rows, f"{indent}</energy>"]


def _numbers(values: "FloatArray | tuple[float, ...]") -> str:
    return " ".join(f"{value:16.8f}" for value in values)


def _vectors(indent: str, rows: FloatArray) -> list[str]:
    return [f"{indent}<v> {_numbers(row)} </v>" for row in rows]


def _typed_item(tag: str, value: object) -> str:
    if isinstance(value, bool):
        return f' <i type="logical" name="{tag}">{"T" if value else "F"}</i>'
    if isinstance(value, int):
        return f' <i type="int" name="{tag}">{value:6d}</i>'
    if isinstance(value, float):
        return f' <i name="{tag}">{value:16.8f}</i>'
    return f' <i type="string" name="{tag}">{escape(str(value))}</i>'


def _incar_item(tag: str, raw: str) -> str:
    """A tag of INCAR as VASP echoes it, its type told from the tag or the value."""
    name = quoteattr(tag)
    words = raw.split()
    if tag in _VECTOR_TAGS:
        return f"  <v name={name}> {raw} </v>" if "*" not in raw else f"  <v name={name}> {_expanded(words)} </v>"
    if len(words) == 1 and _LOGICAL.fullmatch(raw):
        return f'  <i type="logical" name={name}> {raw.strip(".")[0].upper()} </i>'
    if len(words) == 1 and _INTEGER.fullmatch(raw):
        return f"  <i{'' if tag in _REAL_TAGS else ' type=' + chr(34) + 'int' + chr(34)} name={name}>{raw:>8s}</i>"
    if tag in _REAL_TAGS:
        return f"  <i name={name}> {words[0].lower().replace('d', 'e')}</i>"
    return f'  <i type="string" name={name}>{escape(raw)}</i>'


def _expanded(words: list[str]) -> str:
    pairs = (word.rpartition("*") for word in words)
    return " ".join(value for count, star, value in pairs for _ in range(int(count) if star else 1))
