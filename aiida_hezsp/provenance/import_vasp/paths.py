"""Join the runs of a relaxation that was spread over several directories."""

from collections.abc import Sequence

import numpy as np
from pymatgen.core import Structure

from aiida_hezsp.provenance.import_vasp.importing import ImportedRun

__all__ = ("join_paths",)

_SAME = 1e-3  # A; vasprun.xml has eight decimals, a POSCAR written by hand may have four


def join_paths(runs: Sequence[ImportedRun]) -> list[list[ImportedRun]]:
    """Return the runs as paths: a relaxation that starts where another one ended continues it.

    The names of directories do not count, only structures: a run continues the one whose final structure, atom by atom,
    is its initial one; where several are, the one before it in the order given. MD runs and single points stay alone.
    """
    paths: list[list[ImportedRun]] = []
    for run in runs:
        before = next((path for path in reversed(paths) if _continues(run, path[-1])), None)
        if before is None:
            paths.append([run])
        else:
            before.append(run)
    return paths


def _continues(run: ImportedRun, before: ImportedRun) -> bool:
    """Return whether a relaxation starts where another one ended."""
    if (run.kind, before.kind) != ("relaxation", "relaxation"):
        return False
    return _same(before.final, run.initial) and not _same(before.initial, run.initial)


def _same(a: Structure, b: Structure) -> bool:
    """Return whether two structures are the same, atom by atom in the same order."""
    if len(a) != len(b) or a.species != b.species:
        return False
    if not np.allclose(a.lattice.matrix, b.lattice.matrix, atol=_SAME, rtol=0):
        return False
    shifts = a.frac_coords - b.frac_coords
    shifts -= np.rint(shifts)
    return bool(np.linalg.norm(shifts @ a.lattice.matrix, axis=1).max() < _SAME)
