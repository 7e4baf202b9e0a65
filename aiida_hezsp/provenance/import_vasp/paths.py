"""Join the runs of a relaxation that was spread over several directories."""

from collections import defaultdict
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
    alike: dict[tuple[str, ...], list[list[ImportedRun]]] = defaultdict(list)  # only the same atoms can continue
    for run in runs:
        candidates = alike[tuple(site.species_string for site in run.initial)]
        path = next((path for path in reversed(candidates) if _continues(run, path[-1])), None)
        if path is not None:
            path.append(run)
            continue
        paths.append([run])
        candidates.append(paths[-1])
    return paths


def _continues(run: ImportedRun, before: ImportedRun) -> bool:
    """Return whether a relaxation starts where another one of the same atoms ended."""
    if (run.kind, before.kind) != ("relaxation", "relaxation"):
        return False
    return _same(before.final, run.initial) and not _same(before.initial, run.initial)


def _same(a: Structure, b: Structure) -> bool:
    """Return whether two structures of the same atoms are the same, atom by atom."""
    if not np.allclose(a.lattice.matrix, b.lattice.matrix, atol=_SAME, rtol=0):
        return False
    shifts = a.frac_coords - b.frac_coords
    shifts -= np.rint(shifts)
    return bool(np.linalg.norm(shifts @ a.lattice.matrix, axis=1).max() < _SAME)
