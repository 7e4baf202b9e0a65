"""Turn the outputs of pw.x (Quantum ESPRESSO) calculations into labelled images."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from aiida import orm

from aiida_hezsp.errors import ImageError
from aiida_hezsp.potential.images import ImageSet

if TYPE_CHECKING:
    from ase import Atoms

__all__ = (
    "FINAL_SCF",
    "UNCONVERGED",
    "completed_steps",
    "images_of_pw_run",
    "is_pw_run",
    "left_out_of_pw_run",
    "pw_engine",
)

STDOUT = "aiida.out"
FINAL_SCF = "the energy in new plane waves, of a structure that the step before has in those of the whole path"
UNCONVERGED = "the electronic steps did not converge"
_VERSION = re.compile(r"Program PWSCF v\.?(\d+(?:\.\d+)*)")
_ENERGY = re.compile(r"^!\s+total energy", re.MULTILINE)
_SMEARING = re.compile(r"^\s+smearing contrib\. \(-TS\)\s*=\s*(\S+) Ry", re.MULTILINE)
_STRESS = re.compile(r"^\s+total\s+stress\b.*\n(?:.*\S.*\n){3}", re.MULTILINE)
_MOMENT = re.compile(r"^\s+atom\s*:?\s*\d+.*\bmagn\s*[:=]\s*(-?[\d.]+)", re.MULTILINE)
_LAST_SCF = re.compile(r"^\s+(?:A )?final scf calculation at the relaxed structure", re.MULTILINE | re.IGNORECASE)
_NOT_CONVERGED = re.compile(r"^\s+convergence NOT achieved", re.MULTILINE)
_IGNORED_U = re.compile(r"Warning: card\s+HUBBARD.*ignored")
# ASE would read the bands as well, of which versions of pw.x print different tables.
_NO_BANDS = (
    re.compile(r"^.*End of (?:self-consistent|band structure) calculation.*$", re.MULTILINE),
    re.compile(r"^.*number of k points=.*$", re.MULTILINE),
)


@dataclass(frozen=True)
class _Step:
    """One ionic step: ASE's reading of it, -TS in eV, and the moments (n,) in mu_B, NaN where they were not printed."""

    atoms: "Atoms"
    smearing: float
    moments: np.ndarray


def is_pw_run(retrieved: orm.FolderData) -> bool:
    """Return whether these are the files of a pw.x calculation of aiida-quantumespresso."""
    return STDOUT in retrieved.base.repository.list_object_names()


def completed_steps(retrieved: orm.FolderData) -> int:
    """Return how many ionic steps of a pw.x calculation were completed, forces and stress included."""
    return len(_STRESS.findall(_stdout(retrieved)))


def pw_engine(stdout: str) -> str:
    """Return the label engine from stdout, e.g. ``quantumespresso 6.7``.

    Raises:
        ImageError: stdout does not begin as that of pw.x does.
    """
    match = _VERSION.search(stdout)
    if match is None:
        raise ImageError("stdout does not say which version of pw.x ran: expected a line 'Program PWSCF v.<version>'")
    return f"quantumespresso {match[1]}"


def images_of_pw_run(retrieved: orm.FolderData, group: str, source: str) -> ImageSet:
    """Return every completed ionic step of one pw.x calculation as an image, read from stdout by ASE.

    Energies (eV) are extrapolated to no smearing as VASP's are: F + TS/2, where F is what pw.x calls the total energy;
    forces belong to F (with either code). Stresses are in GPa, tension positive: pw.x prints the opposite sign.
    Moments are absolute values, where pw.x printed them. The last energy of a relaxation of the cell, in plane waves of
    the final cell, is no step of the path: `left_out_of_pw_run` names it.

    Args:
        retrieved: the files of the run.
        group: label of the composition.
        source: key of the run.

    Raises:
        ImageError: no step was completed, or the output is not as it should be.
    """
    text = _stdout(retrieved)
    try:
        engine, steps = pw_engine(text), _path(text)
    except ImageError as error:
        raise ImageError(f"run {source!r} of {group}: {error}") from error
    frames = [step.atoms for step in steps]
    return ImageSet.from_frames(
        symbols=frames[0].get_chemical_symbols(),
        cells=[atoms.cell.array for atoms in frames],
        positions=[atoms.positions for atoms in frames],
        energies=[step.atoms.get_potential_energy() - step.smearing / 2 for step in steps],
        forces=[atoms.get_forces() for atoms in frames],
        stresses=[_gpa(atoms) for atoms in frames],
        magmoms=[step.moments for step in steps],
        group=group,
        source=source,
        engine=engine,
    )


def left_out_of_pw_run(retrieved: orm.FolderData, group: str, source: str) -> list[dict[str, Any]]:
    """Return what of a readable run is no image and why: entries as of `images_of_runs`."""
    text = _stdout(retrieved)
    last = _LAST_SCF.search(text)
    n_path = len(_ENERGY.findall(text[: last.start()] if last else text))
    entry: Mapping[str, Any] = {"group": group, "source": source, "step": n_path}
    if _NOT_CONVERGED.search(text):
        return [{**entry, "reason": UNCONVERGED}]
    return [{**entry, "reason": FINAL_SCF}] if last else []


def _stdout(retrieved: orm.FolderData) -> str:
    """Return what pw.x printed."""
    content: str = retrieved.base.repository.get_object_content(STDOUT)
    return content


def _path(text: str) -> list[_Step]:
    """Return the completed ionic steps.

    A killed run ends in the middle of a step: what comes after the last complete stress, with which pw.x ends a step,
    is not read.
    """
    from ase.io import read

    if _IGNORED_U.search(text):
        raise ImageError("this version of pw.x ignored the card HUBBARD: +U needs pw.x 7.1 or later")
    if last := _LAST_SCF.search(text):
        text = text[: last.start()]
    stresses = list(_STRESS.finditer(text))
    if not stresses:
        raise ImageError("no ionic step was completed with forces and stress")
    text = text[: stresses[-1].end()]
    for pattern in _NO_BANDS:
        text = pattern.sub("", text)
    try:
        frames = read(io.StringIO(text), index=":", format="espresso-out")
    except (AssertionError, ValueError, LookupError, TypeError) as error:
        raise ImageError(f"stdout of pw.x cannot be read: {error}") from error
    parts = _ENERGY.split(text)  # moments come before the energy of their step, -TS after it
    if len(parts) != len(frames) + 1 or any(not {"energy", "forces", "stress"} <= set(a.calc.results) for a in frames):
        raise ImageError("stdout of pw.x has not one energy, one set of forces and one stress for each ionic step")
    return [
        _Step(atoms, _smearing(after), _moments(before, len(atoms)))
        for atoms, (before, after) in zip(frames, pairwise(parts), strict=True)
    ]


def _smearing(part: str) -> float:
    """Return -TS (eV) of a step; 0 where occupations are fixed."""
    from ase.units import Ry

    match = _SMEARING.search(part)
    return float(match[1]) * Ry if match else 0.0


def _gpa(atoms: "Atoms") -> np.ndarray:
    """Return the stress (3, 3) in GPa, tension positive, which is ASE's sign."""
    from ase.units import GPa

    return np.asarray(atoms.get_stress(voigt=False)) / GPa


def _moments(part: str, n_atoms: int) -> np.ndarray:
    """Return the moments (n,) in mu_B that were printed last, NaN if none were.

    ASE takes the last column, which is that of constraints before pw.x 6.8.
    """
    found = _MOMENT.findall(part)[-n_atoms:]
    return np.array(found, dtype=float) if len(found) == n_atoms else np.full(n_atoms, np.nan)
