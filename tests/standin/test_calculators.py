from importlib.util import find_spec

import numpy as np
import pytest
from pymatgen.core import Structure
from pymatgen.io.vasp import Outcar, Poscar, Vasprun

from aiida_hezsp.errors import StandinError
from aiida_hezsp.standin.banner import label_engine
from aiida_hezsp.standin.calculators import make_calculator, provenance

FEO = Structure([[0, 2.15, 2.15], [2.15, 0, 2.15], [2.15, 2.15, 0]], ["Fe", "O"], [[0, 0, 0], [0.5, 0.52, 0.5]])
FEO_JOB = {"poscar": Poscar(FEO).get_str(significant_figures=12), "symbols": ("Fe_pv", "O"), "MAGMOM": "5.0 0.6"}


@pytest.fixture(scope="module")
def r2scan():
    from chgnet.model.model import CHGNet

    return CHGNet.load(model_name="r2scan", use_device="cpu", verbose=False)


def test_default_labels_are_chgnets_own(standin, r2scan):
    outcome = standin({"calculator": "chgnet-r2scan"}, **FEO_JOB)
    assert outcome.status == 0
    run = Vasprun(outcome.folder / "vasprun.xml", parse_dos=False, parse_eigen=False, parse_potcar_file=False)
    step = run.ionic_steps[0]
    expected = r2scan.predict_structure(FEO)
    assert step["e_0_energy"] == pytest.approx(2 * float(expected["e"]), abs=1e-5)
    assert step["forces"] == pytest.approx(expected["f"], abs=1e-5)
    # CHGNet gives GPa with tension positive, VASP kB with compression positive.
    assert step["stress"] == pytest.approx(-10 * (expected["s"] + expected["s"].T) / 2, abs=1e-2)
    outcar = Outcar(outcome.folder / "OUTCAR")
    assert [moment["tot"] for moment in outcar.magnetization] == pytest.approx(expected["m"].tolist(), abs=6e-4)
    assert outcar.total_mag == pytest.approx(expected["m"].sum(), abs=1e-5)
    assert expected["m"][0] > 3


def test_chgnet_stress_is_the_strain_derivative_of_its_energy(standin, tmp_path):
    """Sign and unit of the labels, independent of how chgnet names them."""
    energies = []
    for name, factor in {"a": 1.001, "b": 0.999}.items():
        structure = FEO.copy()
        structure.scale_lattice(FEO.volume * factor**3)
        job = {**FEO_JOB, "poscar": Poscar(structure).get_str(significant_figures=12)}
        energies.append(final(standin({"calculator": "chgnet-r2scan"}, folder=tmp_path / name, **job))["e_0_energy"])
    pressure = np.trace(final(standin({"calculator": "chgnet-r2scan"}, **FEO_JOB))["stress"]) / 3
    derivative = (energies[0] - energies[1]) / (FEO.volume * (1.001**3 - 0.999**3))
    assert pressure == pytest.approx(-derivative * 1602.1766, rel=0.02)


def final(outcome):
    run = Vasprun(outcome.folder / "vasprun.xml", parse_dos=False, parse_eigen=False, parse_potcar_file=False)
    return run.ionic_steps[-1]


def test_models_differ_and_are_named(standin, tmp_path):
    energies = {}
    for name in ("chgnet-r2scan", "chgnet-0.3.0"):
        outcome = standin({"calculator": name}, folder=tmp_path / name, **FEO_JOB)
        energies[name] = final(outcome)["e_0_energy"]
        assert label_engine(outcome.stdout, (outcome.folder / "OUTCAR").read_text()) == f"standin {name}"
        assert "CHGNet" not in outcome.stdout
    assert abs(energies["chgnet-r2scan"] - energies["chgnet-0.3.0"]) > 0.1


def test_chgnet_relaxes_the_cell(standin):
    outcome = standin({"calculator": "chgnet-r2scan"}, NSW=40, IBRION=2, ISIF=3, EDIFFG=-0.05, **FEO_JOB)
    assert "reached required accuracy" in outcome.stdout
    step = final(outcome)
    assert np.linalg.norm(step["forces"], axis=1).max() < 0.05


def test_moments_need_spin_and_lorbit(standin, tmp_path):
    for name, tags in {"spinless": {"ISPIN": 1}, "no-lorbit": {"LORBIT": 0}}.items():
        outcome = standin({"calculator": "chgnet-r2scan"}, folder=tmp_path / name, **{**FEO_JOB, **tags})
        assert Outcar(outcome.folder / "OUTCAR").magnetization == ()


def test_provenance_names_code_and_version():
    assert provenance("chgnet-r2scan").startswith("chgnet 0.4")
    assert provenance("emt").startswith("ase 3.")


def test_unknown_calculator_is_refused():
    with pytest.raises(StandinError, match="no calculator 'nonsense'"):
        make_calculator("nonsense", {}, None, None, 1)


@pytest.mark.skipif(find_spec("gpaw") is not None, reason="GPAW is installed")
def test_missing_package_is_named(standin):
    outcome = standin({"calculator": "gpaw"})
    assert outcome.status == 1
    assert "no calculator 'gpaw': No module named 'gpaw'" in outcome.stdout


@pytest.mark.skipif(find_spec("gpaw") is None, reason="GPAW is not installed")
def test_gpaw_labels(standin):
    """Two silicon atoms with a low cut-off; INCAR and KPOINTS give the parameters."""
    poscar = "Si\n5.43\n0 0.5 0.5\n0.5 0 0.5\n0.5 0.5 0\nSi\n2\nDirect\n0 0 0\n0.26 0.25 0.25\n"
    job = {"poscar": poscar, "symbols": ("Si",), "ISPIN": 1, "MAGMOM": None, "ENCUT": 250}
    step = final(standin({"calculator": "gpaw", "calculator_options": {"txt": None}}, **job))
    from gpaw import GPAW, PW

    atoms = Poscar.from_str(poscar).structure.to_ase_atoms()
    atoms.calc = GPAW(mode=PW(250), xc="PBE", kpts={"size": (2, 2, 2), "gamma": True}, txt=None)
    assert step["e_0_energy"] == pytest.approx(atoms.get_potential_energy(), abs=1e-3)
    assert step["forces"] == pytest.approx(atoms.get_forces(), abs=0.02)
    assert step["stress"] == pytest.approx(-1602.1766 * atoms.get_stress(voigt=False), abs=2.0)
