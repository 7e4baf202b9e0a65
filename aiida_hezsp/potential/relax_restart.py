"""Restart points of relaxations: the last geometry, small enough to be written often."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.potential.arrays import read_npz, write_npz

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ase import Atoms

__all__ = ("RelaxPoint",)

NAMES = ("fingerprint", "step", "atom_positions", "cell")
MAX_BYTES = 64 * 1024**2


@dataclass(frozen=True)
class RelaxPoint:
    """Where the restart point of one relaxation is kept, and what the relaxation is of.

    `path` of the file; `mark`, a checksum of everything that decides the way of a relaxation.
    """

    path: Path
    mark: str

    @classmethod
    def of(cls, path: Path, atoms: "Atoms", settings: "Mapping[str, Any]", identity: str) -> "RelaxPoint":
        """Return the restart point of a relaxation of `atoms` with a model of this identity (its checksum)."""
        digest = hashlib.sha256(json.dumps([dict(settings), identity], sort_keys=True).encode())
        for array in (atoms.numbers, atoms.positions, atoms.cell.array):
            digest.update(np.ascontiguousarray(array).tobytes())
        return cls(path, digest.hexdigest())

    def write(self, atoms: "Atoms", step: int) -> None:
        """Keep a geometry; a reader finds the one before or this one, never a part."""
        arrays = {"atom_positions": atoms.positions, "cell": atoms.cell.array}
        write_npz(self.path, {"fingerprint": np.array(self.mark), "step": np.array(step), **arrays}, compress=False)

    def read(self, atoms: "Atoms") -> int:
        """Set atoms to the geometry that was kept and return its step.

        It is 0, and the atoms stay as they are, where there is none or it is of another relaxation (whose result would
        differ): then this one begins at its beginning.

        Raises:
            TrajectoryError: the file is damaged.
        """
        if not self.path.exists():
            return 0
        arrays = read_npz(self.path, required=NAMES, error=TrajectoryError, max_bytes=MAX_BYTES)
        if arrays["fingerprint"].shape != () or str(arrays["fingerprint"]) != self.mark:
            return 0
        for name, shape in (("atom_positions", atoms.positions.shape), ("cell", (3, 3))):
            found = arrays[name]
            if found.shape != shape or found.dtype != np.float64 or not np.isfinite(found).all():
                raise TrajectoryError(f"{self.path} is damaged: {name} is {found.dtype} {found.shape}, not {shape}")
        step = arrays["step"]
        if step.shape != () or step.dtype.kind != "i" or step < 0 or abs(np.linalg.det(arrays["cell"])) < 1e-3:  # noqa: PLR2004 - A^3
            raise TrajectoryError(f"{self.path} is damaged: its step is {step!r}, its cell {arrays['cell'].tolist()}")
        atoms.set_cell(arrays["cell"])
        atoms.positions[:] = arrays["atom_positions"]
        return int(step)
