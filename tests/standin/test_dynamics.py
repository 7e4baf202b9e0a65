import numpy as np
import pytest
from pymatgen.io.vasp import Oszicar, Poscar, Vasprun

MD = {"IBRION": 0, "POTIM": 2.0, "TEBEG": 600, "ISPIN": 1}


def supercell_poscar(poscar_text):
    poscar = Poscar.from_str(poscar_text)
    structure = poscar.structure * (2, 2, 1)  # pymatgen sorts by electronegativity: Al, Cu
    return Poscar(structure.get_sorted_structure()).get_str(significant_figures=12)


def vasprun(folder):
    return Vasprun(folder / "vasprun.xml", parse_dos=False, parse_eigen=False, parse_potcar_file=False)


def test_nvt_holds_the_temperature(standin, poscar_text):
    outcome = standin(
        poscar=supercell_poscar(poscar_text), symbols=("Al", "Cu_pv"), NSW=400, SMASS=0, MAGMOM=None, **MD
    )
    assert outcome.status == 0
    steps = Oszicar(outcome.folder / "OSZICAR").ionic_steps
    assert len(steps) == 400
    temperatures = np.array([step["T"] for step in steps])
    assert temperatures[0] == pytest.approx(600, abs=1)
    assert temperatures[100:].mean() == pytest.approx(600, rel=0.1)
    assert temperatures[100:].std() > 20  # a canonical ensemble of 16 ions fluctuates by about 127 K
    conserved = np.array([step["E"] for step in steps])
    assert np.ptp(conserved) < 0.05


def test_nve_conserves_energy(standin, poscar_text):
    outcome = standin(
        poscar=supercell_poscar(poscar_text), symbols=("Al", "Cu_pv"), NSW=100, SMASS=-3, MAGMOM=None, **MD
    )
    energies = np.array([step["E"] for step in Oszicar(outcome.folder / "OSZICAR").ionic_steps])
    assert np.ptp(energies) < 0.03


def test_a_run_continued_from_contcar_is_the_uninterrupted_run(standin, write_inputs, run_standin, tmp_path):
    """In the NVE ensemble, which has no thermostat whose state CONTCAR would not hold."""
    settings = {**MD, "SMASS": -3, "MAGMOM": None}
    whole = vasprun(standin(NSW=12, folder=tmp_path / "whole", **settings).folder)
    first = standin(NSW=7, folder=tmp_path / "parts", **settings).folder
    energies = [step["e_0_energy"] for step in vasprun(first).ionic_steps]
    write_inputs(NSW=5, folder=first, poscar=(first / "CONTCAR").read_text(), **settings)
    run_standin(first)
    energies += [step["e_0_energy"] for step in vasprun(first).ionic_steps]
    assert energies == pytest.approx([step["e_0_energy"] for step in whole.ionic_steps], abs=1e-6)


def test_contcar_has_velocities_of_zero_total_momentum(standin):
    folder = standin(NSW=5, SMASS=0, **MD).folder
    poscar = Poscar.from_file(folder / "CONTCAR", check_for_potcar=False)
    masses = np.array([site.specie.atomic_mass for site in poscar.structure])
    velocities = np.array(poscar.velocities)
    assert np.abs(velocities).max() > 1e-4  # A/fs
    assert masses @ velocities == pytest.approx(np.zeros(3), abs=1e-6)


def test_runs_repeat_and_follow_the_seed(standin, tmp_path):
    def energies(name, **tags):
        folder = standin(NSW=5, SMASS=0, folder=tmp_path / name, **MD, **tags).folder
        return [step["e_0_energy"] for step in vasprun(folder).ionic_steps]

    assert energies("a") == energies("b")
    assert energies("c", RANDOM_SEED="5 0 0") != energies("d", RANDOM_SEED="6 0 0")


@pytest.mark.parametrize(("tags", "message"), [({"TEEND": 900}, "TEEND"), ({"TEBEG": 0}, "TEBEG")])
def test_unsupported_temperatures_stop(standin, tags, message):
    outcome = standin(NSW=5, SMASS=0, **{**MD, **tags})
    assert outcome.status == 1
    assert message in outcome.stdout
