"""The end of molecular dynamics that has left everything physical."""

from typing import TYPE_CHECKING

import numpy as np

from aiida_hezsp.errors import ExplosionError
from aiida_hezsp.potential.md_settings import MdSettings
from aiida_hezsp.potential.trajectory import Recorder

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ("Guard",)

MAX_FORCE = 1e3  # eV/A; an overlap of atoms


class Guard:
    """Watches a run: temperature, forces and numbers at every step; lost and overlapping atoms where it is recorded."""

    def __init__(self, atoms: "Atoms", settings: MdSettings, recorder: Recorder) -> None:
        """Remember where the framework's atoms belong: `atoms` are those of the start."""
        self.settings, self.recorder = settings, recorder
        self.places = atoms.positions[recorder.framework].copy()

    def check_step(self, atoms: "Atoms", step: int) -> None:
        """Check what costs nothing.

        Raises:
            ExplosionError: temperature, a force, or numbers that are not finite.
        """
        settings = self.settings
        temperature, limit = atoms.get_temperature(), settings.max_temperature_factor * settings.temperature
        largest = np.abs(atoms.get_forces(md=True)).max()
        if not np.isfinite(temperature) or not np.isfinite(largest) or not np.isfinite(atoms.positions).all():
            raise _explosion(step, "positions or forces are not finite")
        if temperature > limit:
            raise _explosion(step, f"{temperature:.0f} K, beyond {limit:.0f} K")
        if largest > MAX_FORCE:
            raise _explosion(step, f"a force of {largest:.3g} eV/A")

    def check_geometry(self, atoms: "Atoms", step: int) -> None:
        """Check where the atoms are.

        Raises:
            ExplosionError: a framework atom is far from its place, or two atoms are on nearly one place.
        """
        self._check_places(atoms, step)
        self._check_distances(atoms, step)

    def _check_places(self, atoms: "Atoms", step: int) -> None:
        """Look for framework atoms that have left; the common drift does not count."""
        framework = self.recorder.framework
        moved = np.linalg.norm(atoms.positions[framework] - self.places - self.recorder.drift(atoms), axis=1)
        farthest = int(moved.argmax())
        if moved[farthest] > self.settings.max_displacement:
            name = _name(atoms, framework[farthest])
            limit = f"beyond {self.settings.max_displacement:g} A"
            raise _explosion(step, f"{name} is lost, {moved[farthest]:.1f} A from its place, {limit}")

    def _check_distances(self, atoms: "Atoms", step: int) -> None:
        """Look for atoms closer than is possible.

        Rounding differences of fractional coordinates gives the nearest image of a pair whenever the pair is closer
        than half of any height of the cell, whatever the angles: exact for what is looked for.
        """
        inverse = np.linalg.inv(atoms.cell.array)
        fractional = atoms.positions @ inverse
        apart = fractional[:, None] - fractional
        apart -= np.round(apart)
        squares = ((apart @ atoms.cell.array) ** 2).sum(axis=-1)
        np.fill_diagonal(squares, np.inf)
        first, second = np.unravel_index(squares.argmin(), squares.shape)
        distance, limit = float(np.sqrt(squares[first, second])), self.settings.min_distance
        if distance < limit:
            pair = f"{_name(atoms, first)} and {_name(atoms, second)}"
            raise _explosion(step, f"{pair} are {distance:.2f} A apart, closer than {limit:g} A")


def _explosion(step: int, reason: str) -> ExplosionError:
    """Return the error."""
    return ExplosionError(f"the run has blown up at step {step}: {reason}")


def _name(atoms: "Atoms", index: int) -> str:
    """Return element and number (from 1) of an atom."""
    return f"{atoms.symbols[index]} {index + 1}"
