"""Small metals for the stand-in with ASE's EMT, and codes that run it."""

import sys
from pathlib import Path

import pytest

EXECUTABLE = Path(sys.executable).parent / "hezsp-vasp-standin"


@pytest.fixture
def standin(localhost):
    """Return a code of the stand-in with EMT; further environment variables may be given (without their prefix)."""
    from aiida import orm

    localhost.set_minimum_job_poll_interval(0)

    def make(**environment):
        exports = {"CALCULATOR": "emt", **environment}
        lines = ["export OMP_NUM_THREADS=1", *(f"export HEZSP_STANDIN_{key}={value}" for key, value in exports.items())]
        return orm.InstalledCode(
            label="standin",
            computer=localhost,
            filepath_executable=str(EXECUTABLE),
            default_calc_job_plugin="vasp.vasp",
            with_mpi=False,
            prepend_text="\n".join(lines),
        ).store()

    return make


@pytest.fixture
def vasp(localhost):
    """Return the namespace `vasp` of a work chain for a code."""
    from aiida import orm

    from aiida_hezsp.cli.environment import STANDIN_FAMILY, ensure_standin_potentials

    ensure_standin_potentials()
    return lambda code: {"code": code, "potential_family": orm.Str(STANDIN_FAMILY)}


@pytest.fixture
def aluminium(aiida_profile_clean):
    """Return fcc Al, four atoms, stretched and shaken."""
    from aiida import orm
    from ase.build import bulk

    def make(seed=1, symbol="Al"):
        atoms = bulk(symbol, cubic=True)
        atoms.rattle(0.05, seed=seed)
        atoms.set_cell(atoms.cell[:] * 1.03, scale_atoms=True)
        return orm.StructureData(ase=atoms)

    return make


@pytest.fixture
def unknown_to_emt(aiida_profile_clean):
    """Return fcc Ca: potentials exist, but EMT does not know it, so that the stand-in stops as VASP would."""
    from aiida import orm
    from ase.build import bulk

    return orm.StructureData(ase=bulk("Ca", "fcc", a=5.6, cubic=True))
