"""POSCAR in, CONTCAR out.

Read: VASP 5 format, one or three scaling factors (one negative: the volume), selective dynamics, direct or Cartesian
coordinates, velocities (A/fs, or direct ones with a line `Direct`), the thermostat's state where VASP keeps its own
(third line of the predictor-corrector block). Element symbols come from POTCAR, as in VASP.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.constraints import FixScaled
from numpy.typing import NDArray

from aiida_hezsp.errors import StandinError

__all__ = ("Poscar", "read_poscar", "write_contcar")

FloatArray = NDArray[np.float64]

THERMOSTAT_SIZE = 6  # positions and momenta of the three links of the Nose-Hoover chain, in ASE's units
_STATE_LINE = 2


@dataclass(frozen=True)
class Poscar:
    """Contents of POSCAR: cell (3,3) A, positions (n,3) direct, movable (n,3), velocities (n,3) A/fs or None.

    `thermostat` is the state (6,) that `write_contcar` wrote, None where there is none or it is VASP's own.
    """

    species: tuple[str, ...]
    counts: tuple[int, ...]
    cell: FloatArray
    positions: FloatArray
    movable: NDArray[np.bool_] | None
    velocities: FloatArray | None
    thermostat: FloatArray | None = None

    @property
    def types(self) -> NDArray[np.int64]:
        """Index of the species of each ion, shape (n,)."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def atoms(self, elements: tuple[str, ...]) -> Atoms:
        """ASE atoms with `elements` (one a species, from POTCAR), constraints and velocities."""
        atoms = Atoms(
            [elements[index] for index in self.types], scaled_positions=self.positions, cell=self.cell, pbc=True
        )
        if self.velocities is not None:
            atoms.set_velocities(self.velocities / units.fs)
        if self.movable is not None and not self.movable.all():
            fixed = [index for index in range(len(atoms)) if not self.movable[index].all()]
            atoms.set_constraint([FixScaled(index, mask=~self.movable[index]) for index in fixed])
        return atoms


def read_poscar(path: Path) -> Poscar:
    """Read POSCAR.

    Raises:
        StandinError: the file is missing, short, or holds something else than numbers where numbers belong.
    """
    if not path.is_file():
        raise StandinError(" ERROR: POSCAR not found, STOPPING")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    try:
        return _parse(lines)
    except (ValueError, IndexError) as error:
        raise StandinError(f" ERROR: reading POSCAR failed: {error or 'the file ends too early'}") from None


def _parse(lines: list[str]) -> Poscar:
    cell = _cell(lines)
    species = tuple(lines[5].split())
    if not species or species[0].isdigit():
        raise ValueError("line 6 has no element symbols (VASP 5 format is needed)")
    counts = tuple(int(word) for word in lines[6].split())
    if len(counts) != len(species) or min(counts) < 1:
        raise ValueError(f"line 6 names {len(species)} species, line 7 has {len(counts)} counts")
    at = 7
    selective = _starts_with(lines[at], "s")
    at += selective
    cartesian = _starts_with(lines[at], "ck")
    n = sum(counts)
    rows = [line.split() for line in lines[at + 1 : at + 1 + n]]
    if len(rows) < n or any(len(row) < 3 for row in rows):  # noqa: PLR2004
        raise ValueError(f"{n} ions are announced on line 7, fewer coordinates follow")
    positions = np.array([[_number(word) for word in row[:3]] for row in rows])
    if cartesian:
        positions = positions * _scale(lines) @ np.linalg.inv(cell)
    movable = (
        np.array([[word.upper().strip(".")[:1] == "T" for word in row[3:6]] for row in rows]) if selective else None
    )
    rest = lines[at + 1 + n :]
    return Poscar(species, counts, cell, positions, movable, _velocities(rest, n, cell), _thermostat(rest[n + 1 :]))


def _scale(lines: list[str]) -> FloatArray:
    scale = np.array([_number(word) for word in lines[1].split()[:3]])
    if len(scale) == 2:  # noqa: PLR2004
        raise ValueError("there must be 1 or 3 items on line 2 of POSCAR")
    if scale[0] < 0:
        volume = abs(np.linalg.det(_vectors(lines)))
        scale = np.array([np.cbrt(-scale[0] / volume)])
    return scale


def _vectors(lines: list[str]) -> FloatArray:
    vectors = np.array([[_number(word) for word in line.split()[:3]] for line in lines[2:5]])
    if vectors.shape != (3, 3):
        raise ValueError("lines 3 to 5 are no lattice vectors")
    return vectors


def _cell(lines: list[str]) -> FloatArray:
    cell: FloatArray = _vectors(lines) * _scale(lines)
    if abs(np.linalg.det(cell)) < 1e-8:  # noqa: PLR2004
        raise ValueError("the lattice vectors span no volume")
    return cell


def _velocities(lines: list[str], n: int, cell: FloatArray) -> FloatArray | None:
    """Velocities (n,3) in A/fs from what follows the coordinates, None if nothing does."""
    if len(lines) <= n or not any(line.strip() for line in lines):
        return None
    rows = [line.split() for line in lines[1 : n + 1]]
    velocities = np.array([[_number(word) for word in row[:3]] for row in rows])
    if velocities.shape != (n, 3):
        raise ValueError("the velocities after the coordinates are incomplete")
    return velocities @ cell if _starts_with(lines[0], "d") else velocities


def _thermostat(lines: list[str]) -> FloatArray | None:
    """State (6,) of the thermostat from what follows the velocities: key, POTIM, state, predictor-corrector rows."""
    content = [line.split() for line in lines if line.strip()]
    if len(content) <= _STATE_LINE or len(content[_STATE_LINE]) != THERMOSTAT_SIZE:
        return None
    return np.array([_number(word) for word in content[_STATE_LINE]])


def _number(word: str) -> float:
    value = float(re.sub(r"[dD]", "e", word))
    if not np.isfinite(value):
        raise ValueError(f"{word} is not finite")
    return value


def _starts_with(line: str, letters: str) -> bool:
    return line.strip()[:1].lower() in tuple(letters)


def write_contcar(path: Path, atoms: Atoms, poscar: Poscar, comment: str, *, timestep: float | None = None) -> None:
    """Write CONTCAR with POSCAR's species and flags, 16 digits.

    After MD, `timestep` (POTIM, fs) is given: velocities (A/fs) follow, and where `atoms.info["thermostat"]` holds the
    thermostat's state, the block in which VASP keeps its own; its predictor-corrector rows are zero.
    """
    lines = [comment, "   1.00000000000000"]
    lines += [" " + " ".join(f"{value:21.16f}" for value in vector) for vector in atoms.cell]
    lines += ["   " + "   ".join(poscar.species), "   " + "   ".join(str(count) for count in poscar.counts)]
    if poscar.movable is not None:
        lines.append("Selective dynamics")
    lines.append("Direct")
    for index, position in enumerate(atoms.get_scaled_positions(wrap=True)):
        flags = "" if poscar.movable is None else "".join("   T" if free else "   F" for free in poscar.movable[index])
        lines.append(" " + " ".join(f"{value:19.16f}" for value in position) + flags)
    lines.append("")
    if timestep is not None:
        rows = atoms.get_velocities() * units.fs
        lines += [" " + " ".join(f"{value:23.16E}" for value in row) for row in rows]
        lines += _thermostat_lines(atoms, timestep)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _thermostat_lines(atoms: Atoms, timestep: float) -> list[str]:
    state = atoms.info.get("thermostat")
    if state is None:
        return []
    numbers = " ".join(f"{value:23.16E}" for value in state)
    return ["", "           1", f" {timestep:23.16E}", f" {numbers}", *[" 0.0 0.0 0.0"] * (3 * len(atoms))]
