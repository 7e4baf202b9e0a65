import numpy as np
import pytest
from pymatgen.io.vasp import Vasprun


def vasprun(outcome):
    return Vasprun(outcome.folder / "vasprun.xml", parse_dos=False, parse_eigen=False, parse_potcar_file=False)


@pytest.mark.parametrize("ibrion", [1, 2, 3])
@pytest.mark.parametrize("isif", [2, 3])
def test_ediffg_is_met_by_forces_and_stress(standin, ibrion, isif):
    outcome = standin(NSW=200, IBRION=ibrion, ISIF=isif, EDIFFG=-0.01)
    assert outcome.status == 0
    assert "reached required accuracy" in outcome.stdout
    run = vasprun(outcome)
    last = run.ionic_steps[-1]
    assert run.converged
    assert np.linalg.norm(last["forces"], axis=1).max() < 0.01
    assert np.linalg.norm(run.ionic_steps[-2]["forces"], axis=1).max() > 0.005
    virial = np.array(last["stress"]) * run.final_structure.volume / 1602.1766 / len(run.final_structure)
    volumes = {round(step["structure"].volume, 6) for step in run.ionic_steps}
    if isif == 3:
        assert np.linalg.norm(virial, axis=1).max() < 0.01
        assert len(volumes) > 1
    else:
        assert np.linalg.norm(virial, axis=1).max() > 0.01
        assert len(volumes) == 1


def test_both_isif_3_optimisers_find_the_same_minimum(standin, tmp_path):
    energies = [
        vasprun(standin(NSW=300, IBRION=ibrion, ISIF=3, EDIFFG=-0.002, folder=tmp_path / str(ibrion))).final_energy
        for ibrion in (1, 2, 3)
    ]
    assert energies == pytest.approx([energies[0]] * 3, abs=2e-4)


def test_positive_ediffg_is_the_change_of_energy(standin):
    outcome = standin(NSW=200, IBRION=2, ISIF=3, EDIFFG=1e-3)
    energies = [step["e_0_energy"] for step in vasprun(outcome).ionic_steps]
    changes = np.abs(np.diff(energies))
    assert changes[-1] < 1e-3
    assert (changes[:-1] >= 1e-3).all()


def test_nsw_is_honoured_and_contcar_continues(standin, write_inputs, run_standin):
    first = standin(NSW=3, IBRION=2, ISIF=3, EDIFFG=-0.001)
    assert first.status == 0
    assert "reached" not in first.stdout
    run = vasprun(first)
    assert (run.nionic_steps, run.converged_ionic) == (3, False)
    write_inputs(NSW=50, IBRION=2, ISIF=3, EDIFFG=-0.001, poscar=(first.folder / "CONTCAR").read_text())
    second = vasprun(run_standin(first.folder))
    assert second.ionic_steps[0]["e_0_energy"] == pytest.approx(run.ionic_steps[-1]["e_0_energy"], abs=1e-6)
    assert second.converged


def test_selective_dynamics_holds_ions(standin, poscar_text):
    poscar = poscar_text.replace("0.02 0.50 0.50 T T T", "0.02 0.50 0.50 F F F")
    poscar = poscar.replace("0.50 0.51 0.00 T T T", "0.50 0.51 0.00 T F T")
    run = vasprun(standin(poscar=poscar, NSW=50, IBRION=2, ISIF=2, EDIFFG=-0.01))
    assert run.converged
    assert run.final_structure[2].frac_coords == pytest.approx([0.02, 0.5, 0.5], abs=1e-7)
    assert run.final_structure[0].frac_coords[1] == pytest.approx(0.51, abs=1e-7)
    assert np.linalg.norm(run.ionic_steps[-1]["forces"][2]) > 0.01


def test_potim_scales_the_first_step(standin, tmp_path):
    moved = []
    for potim in (0.1, 0.2):
        run = vasprun(standin(NSW=2, IBRION=2, ISIF=2, EDIFFG=-0.001, POTIM=potim, folder=tmp_path / str(potim)))
        first, second = (step["structure"] for step in run.ionic_steps)
        moved.append(first[0].distance(second[0]))
    assert moved[1] / moved[0] == pytest.approx(2.0, rel=1e-4)
