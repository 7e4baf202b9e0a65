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


@pytest.mark.parametrize("ensemble", [{"SMASS": -3}, {"SMASS": 0}, {"MDALGO": 2, "SMASS": 0}])
def test_a_run_continued_from_contcar_is_the_uninterrupted_run(standin, write_inputs, run_standin, tmp_path, ensemble):
    """NVE by positions and velocities alone; NVT because CONTCAR holds the thermostat as well."""
    settings = {**MD, **ensemble, "MAGMOM": None}
    whole = vasprun(standin(NSW=30, folder=tmp_path / "whole", **settings).folder)
    parts = standin(NSW=7, folder=tmp_path / "parts", **settings).folder
    steps = vasprun(parts).ionic_steps
    for length in (13, 10):
        write_inputs(NSW=length, folder=parts, poscar=(parts / "CONTCAR").read_text(), **settings)
        run_standin(parts)
        steps += vasprun(parts).ionic_steps
    for name in ("e_0_energy", "kinetic"):
        assert [step[name] for step in steps] == pytest.approx([step[name] for step in whole.ionic_steps], abs=2e-8)
    for step, expected in zip(steps, whole.ionic_steps, strict=True):
        np.testing.assert_allclose(step["structure"].cart_coords, expected["structure"].cart_coords, atol=1e-7)


def test_without_the_thermostats_state_nvt_goes_another_way(standin, write_inputs, run_standin, tmp_path):
    """What the block in CONTCAR is for: positions and velocities alone do not continue a thermostatted run."""
    settings = {**MD, "SMASS": 0, "MAGMOM": None}
    whole = vasprun(standin(NSW=40, folder=tmp_path / "whole", **settings).folder)
    parts = standin(NSW=20, folder=tmp_path / "parts", **settings).folder
    contcar = (parts / "CONTCAR").read_text().split("\n\n")
    assert len(contcar) == 3
    write_inputs(NSW=20, folder=parts, poscar="\n\n".join(contcar[:2]) + "\n", **settings)
    run_standin(parts)
    last, expected = vasprun(parts).ionic_steps[-1], whole.ionic_steps[-1]
    assert abs(last["kinetic"] - expected["kinetic"]) > 1e-4


def test_pymatgen_reads_the_block_with_the_thermostat(standin):
    folder = standin(NSW=3, SMASS=0, **MD).folder
    poscar = Poscar.from_file(folder / "CONTCAR", check_for_potcar=False)
    key, potim, state = poscar.predictor_corrector_preamble.splitlines()
    assert int(key) == 1
    assert float(potim) == MD["POTIM"]
    assert len(state.split()) == 6


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
