"""How long the features of one structure take, beside pymatgen's chemenv as it is commonly called."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from aiida_hezsp.chemistry import Composition, decorate
from aiida_hezsp.families import CellName, Family
from aiida_hezsp.potential.benchmarks.machine import describe_machine
from aiida_hezsp.potential.benchmarks.results import Machine
from aiida_hezsp.sfmsd.features import extract_features
from aiida_hezsp.sfmsd.surroundings import Surroundings

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ("FeatureBenchmark", "benchmark_features", "relaxed_cell")

POLYHEDRA = {"M": "O:6", "Si": "T:4", "P": "T:4"}  # those whose coordination chemenv finds by itself; Li's it does not


class FeatureBenchmark(BaseModel):
    """Times in s on one thread, the best of the rounds.

    `features_s` is all of `extract_features` of a set; `csm_s` the part that chemenv does too: neighbours and CSM of
    `polyhedra` (the sites in them: `n_polyhedra`), `chemenv_s` chemenv's time for it. `csm_deviation` is the largest
    difference of their CSM values, 0 to 100.
    """

    model_config = ConfigDict(frozen=True)
    formula: str
    n_atoms: int
    feature_set: str
    features_s: float
    polyhedra: tuple[str, ...]
    n_polyhedra: int
    csm_s: float
    chemenv_s: float
    csm_deviation: float
    rounds: int
    machine: Machine
    versions: dict[str, str]

    @property
    def ratio(self) -> float:
        """How many times faster than chemenv the same polyhedra are measured."""
        return self.chemenv_s / self.csm_s


def benchmark_features(
    structure: "Structure", composition: Composition, family: Family, *, feature_set: str = "multinary", rounds: int = 3
) -> FeatureBenchmark:
    """Time the features of a structure, and chemenv's CSM of its M, Si and P sites.

    Args:
        structure: relaxed, as `extract_features` takes it.
        composition: of the structure.
        family: with its rules.
        feature_set: of the family.
        rounds: of which the fastest counts; chemenv has one round.

    Raises:
        StructureError: a polyhedron cannot be measured.
    """
    machine = describe_machine()
    with _one_thread():
        features_s, _ = _best(lambda: extract_features(structure, composition, family, feature_set), rounds)
        csm_s, ours = _best(lambda: _our_csm(structure, family), rounds)
        chemenv_s, theirs = _best(lambda: _chemenv_csm(structure, family), 1)
    return FeatureBenchmark(
        formula=composition.formula,
        n_atoms=len(structure),
        feature_set=feature_set,
        features_s=features_s,
        polyhedra=tuple(POLYHEDRA),
        n_polyhedra=len(ours),
        csm_s=csm_s,
        chemenv_s=chemenv_s,
        csm_deviation=max(abs(ours[site] - theirs[site]) for site in ours),
        rounds=rounds,
        machine=machine,
        versions={name: version(name) for name in ("aiida-hezsp", "pymatgen", "numpy")},
    )


def relaxed_cell(family: Family, composition: Composition, cell: CellName) -> "Structure":
    """Return a seeded configuration, relaxed by CHGNet 0.3.0 until forces are below 0.2 eV/A."""
    from pymatgen.io.ase import AseAtomsAdaptor

    from aiida_hezsp.potential import FastCHGNetCalculator, RelaxSettings, relax

    start = AseAtomsAdaptor.get_atoms(decorate(family, composition, cell, seed=1))
    relaxed = relax(start, FastCHGNetCalculator("0.3.0"), RelaxSettings(fmax=0.2)).atoms
    return AseAtomsAdaptor.get_structure(relaxed)


def _best(function: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """Return the shortest time of some calls, s, and the result."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - start)
    return min(times), result


def _our_csm(structure: "Structure", family: Family) -> dict[int, float]:
    """Return the CSM by site."""
    around = Surroundings(structure, family)
    found: dict[int, float] = {}
    for name in POLYHEDRA:
        sites = around.sites(family.polyhedra[name].centre)
        found |= dict(zip(map(int, sites), around.csm(name).tolist(), strict=True))
    return found


def _chemenv_csm(structure: "Structure", family: Family) -> dict[int, float]:
    """Return the CSM by site as chemenv finds it: all coordination numbers up to six, then the one in question."""
    from pymatgen.analysis.chemenv.coordination_environments.coordination_geometry_finder import LocalGeometryFinder

    around = Surroundings(structure, family)
    wanted = {
        int(site): ideal for name, ideal in POLYHEDRA.items() for site in around.sites(family.polyhedra[name].centre)
    }
    finder = LocalGeometryFinder()
    finder.setup_structure(structure)
    environments = finder.compute_structure_environments(only_indices=sorted(wanted), maximum_distance_factor=1.6)
    found = {}
    for site, ideal in wanted.items():
        by_number = environments.ce_list[site][int(ideal.rpartition(":")[2])]
        found[site] = min(float(geometry.coord_geoms[ideal]["symmetry_measure"]) for geometry in by_number)
    return found


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep numpy's linear algebra to one thread."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), np.errstate(all="ignore"):
        yield
