"""The stand-in under aiida-vasp's own work chain: finished, restarted, killed and unconverged runs."""

import shutil
import sys
from pathlib import Path

import pytest

EXECUTABLE = Path(sys.executable).parent / "hezsp-vasp-standin"
FAMILY = "hezsp-standin-test"

pytestmark = pytest.mark.slow


@pytest.fixture
def potentials(aiida_profile_clean, tmp_path):
    from aiida.plugins import DataFactory

    from aiida_hezsp.standin.potcars import write_placeholder_potcars

    for folder in write_placeholder_potcars(tmp_path).iterdir():
        if folder.name not in {"Cu_pv", "Al"}:
            shutil.rmtree(folder)
    DataFactory("vasp.potcar").upload_potcar_family(str(tmp_path), FAMILY, "placeholders", stop_if_existing=False)
    return FAMILY


@pytest.fixture
def run_chain(potentials, aiida_localhost):
    """Run VaspWorkChain on a strained Cu3Al cell with EMT; INCAR tags and the stand-in's environment are given."""
    from aiida import orm
    from aiida.engine import run_get_node
    from aiida.plugins import WorkflowFactory
    from ase.build import bulk

    aiida_localhost.set_minimum_job_poll_interval(0)
    aiida_localhost.configure(safe_interval=0, use_login_shell=False)
    atoms = bulk("Cu", cubic=True)
    atoms.symbols[3] = "Al"
    atoms.rattle(0.05, seed=1)
    atoms.set_cell(atoms.cell[:] * 1.04, scale_atoms=True)

    def run_with(environment=(), max_iterations=5, **incar):
        exports = {"CALCULATOR": "emt", **dict(environment)}
        code = orm.InstalledCode(
            label="standin",
            computer=aiida_localhost,
            filepath_executable=str(EXECUTABLE),
            default_calc_job_plugin="vasp.vasp",
            with_mpi=False,
            prepend_text="\n".join(f"export HEZSP_STANDIN_{name}={value}" for name, value in exports.items()),
        )
        kpoints = orm.KpointsData()
        kpoints.set_kpoints_mesh([1, 1, 1])
        inputs = {
            "code": code,
            "structure": orm.StructureData(ase=atoms),
            "parameters": orm.Dict({"incar": {"ispin": 2, "lorbit": 11, **incar}}),
            # A killed run leaves half a <calculation>, of which parsevasp makes no trajectory: with aiida-vasp's check
            # of completeness that is exit status 1004, which no handler restarts; without it 700, which one does.
            "settings": orm.Dict(
                {"parser_settings": {"include_node": ["trajectory", "energies"], "check_completeness": False}}
            ),
            "calc": {"metadata": {"options": {"resources": {"num_machines": 1, "num_mpiprocs_per_machine": 1}}}},
            "kpoints": kpoints,
            "potential_family": orm.Str(potentials),
            "potential_mapping": orm.Dict({"Cu": "Cu_pv", "Al": "Al"}),
            "max_iterations": orm.Int(max_iterations),
        }
        _, chain = run_get_node(WorkflowFactory("vasp.v2.vasp"), **inputs)
        return chain

    return run_with


RELAX = {"nsw": 60, "ibrion": 2, "isif": 3, "ediffg": -0.03}


def calculations(chain):
    return sorted(chain.called, key=lambda node: node.pk)


def statuses(chain):
    return [node.exit_status for node in calculations(chain)]


def test_relaxation_finishes_and_is_parsed(run_chain):
    chain = run_chain(**RELAX)
    assert chain.exit_status == 0, chain.exit_message
    assert statuses(chain) == [0]
    misc = chain.outputs.misc.get_dict()
    energies = chain.outputs.trajectory.get_array("energy_extrapolated")
    assert misc["run_status"]["ionic_converged"] is True
    assert misc["total_energies"]["energy_extrapolated"] == energies[-1]
    assert misc["notifications"] == []
    assert misc["version"] == "0.1.0"
    assert len(energies) == misc["run_status"]["last_iteration_index"][0]
    assert chain.outputs.trajectory.get_array("stress").shape == (len(energies), 3, 3)
    assert chain.outputs.structure.get_cell_volume() < calculations(chain)[0].inputs.structure.get_cell_volume()


def test_used_up_steps_restart_from_the_last_geometry(run_chain):
    chain = run_chain(**{**RELAX, "nsw": 6})
    assert chain.exit_status == 0, chain.exit_message
    first, *_, last = calculations(chain)
    assert statuses(chain)[:1] == [702]
    assert last.exit_status == 0
    assert calculations(chain)[1].inputs.structure.cell == first.outputs.structure.cell


def test_killed_run_is_restarted_once(run_chain, tmp_path):
    chain = run_chain(environment={"DIE_AFTER": 2, "ONCE": tmp_path / "died"}, **RELAX)
    assert statuses(chain) == [700, 0]
    assert chain.exit_status == 0


def test_small_nelm_is_raised_by_the_handler(run_chain):
    chain = run_chain(nelm=4, nsw=0)
    assert statuses(chain) == [701, 0]
    assert calculations(chain)[1].inputs.parameters["nelm"] > 4


def test_never_converging_run_makes_the_chain_give_up(run_chain):
    chain = run_chain(environment={"END": "unconverged"}, max_iterations=1, nsw=0)
    assert statuses(chain) == [701]
    assert chain.exit_status != 0


def test_broken_input_fails_without_exception(run_chain):
    chain = run_chain(max_iterations=1, **{**RELAX, "magmom": [1.0, 2.0]})
    assert chain.exit_status is not None
    assert chain.exit_status != 0
    assert statuses(chain)[0] != 0
