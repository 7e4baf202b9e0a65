"""The outputs of one fixed job, read by aiida-vasp's content parsers and pymatgen, and compared with stored ones."""

import re

import numpy as np
import pytest
from aiida_vasp.parsers.content_parsers import OutcarParser, PoscarParser, StreamParser, VasprunParser
from pymatgen.io.vasp import Oszicar, Outcar, Poscar, Vasprun

RELAX = {"NSW": 30, "IBRION": 2, "ISIF": 3, "EDIFFG": -0.02, "ALGO": "Fast", "LREAL": "Auto", "LASPH": ".TRUE."}
PARSERS = {"vasprun.xml": VasprunParser, "OUTCAR": OutcarParser, "vasp_output": StreamParser, "CONTCAR": PoscarParser}


def aiida_quantities(folder):
    parsed = {}
    for name, parser in PARSERS.items():
        with (folder / name).open("rb" if name == "vasprun.xml" else "r") as handler:
            quantities, errors = parser(handler=handler).get_all_quantities()
        assert errors == {}, name
        parsed[name] = quantities
    return parsed


@pytest.fixture
def outcome(standin):
    return standin(**RELAX)


def test_aiida_vasp_reads_everything(outcome):
    parsed = aiida_quantities(outcome.folder)
    status = parsed["OUTCAR"]["run_status"]
    assert (status["finished"], status["ionic_converged"], status["electronic_converged"]) == (True, True, True)
    assert (status["nsw"], status["nelm"], status["contains_nelm_breach"]) == (30, 60, False)
    xml = parsed["vasprun.xml"]
    trajectory = xml["trajectory"]
    n_steps = status["last_iteration_index"][0]
    assert trajectory["positions"].shape == trajectory["forces"].shape == (n_steps, 4, 3)
    assert trajectory["symbols"].tolist() == ["Cu", "Cu", "Cu", "Al"]
    assert xml["energies"]["energy_extrapolated"].shape == (n_steps,)
    assert xml["total_energies"]["energy_extrapolated"] == xml["energies"]["energy_extrapolated"][-1]
    assert xml["parameters"]["ediffg"] == -0.02
    assert len(xml["kpoints"]["points"]) == 8
    assert parsed["vasp_output"]["notifications"] == []
    for site, other in zip(xml["structure"]["sites"], parsed["CONTCAR"]["structure"]["sites"], strict=True):
        assert site["position"] == pytest.approx(other["position"], abs=1e-6)
    assert set(parsed["OUTCAR"]["run_stats"]) >= {"elapsed_time", "maximum_memory_used"}


def test_pymatgen_agrees_with_aiida_vasp(outcome):
    xml = aiida_quantities(outcome.folder)["vasprun.xml"]
    run = Vasprun(outcome.folder / "vasprun.xml", parse_dos=False, parse_eigen=False, parse_potcar_file=False)
    assert run.converged
    assert run.run_type == "PBE"
    assert run.potcar_symbols == ["PAW_PBE Cu_pv hezsp-placeholder", "PAW_PBE Al hezsp-placeholder"]
    assert run.incar["MAGMOM"] == [0.6] * 4
    assert (run.incar["LREAL"], run.incar["LASPH"], run.parameters["NELECT"]) == ("Auto", True, 3 * 17 + 3)
    assert [step["e_0_energy"] for step in run.ionic_steps] == xml["energies"]["energy_extrapolated"].tolist()
    assert np.array([step["forces"] for step in run.ionic_steps]) == pytest.approx(xml["trajectory"]["forces"])
    outcar = Outcar(outcome.folder / "OUTCAR")
    assert outcar.final_energy == pytest.approx(run.final_energy, abs=1e-7)
    assert outcar.nelect == 54
    oszicar = Oszicar(outcome.folder / "OSZICAR")
    assert len(oszicar.ionic_steps) == len(oszicar.electronic_steps) == run.nionic_steps
    assert oszicar.final_energy == pytest.approx(run.final_energy, abs=1e-7)
    final = Poscar.from_file(outcome.folder / "CONTCAR", check_for_potcar=False).structure
    assert final.matches(run.final_structure)


def test_a_job_of_one_ion_is_readable(standin):
    poscar = "one\n1.0\n0 1.8 1.8\n1.8 0 1.8\n1.8 1.8 0\nCu\n1\nDirect\n0 0 0\n"
    outcome = standin(poscar=poscar, symbols=("Cu_pv",), MAGMOM="0.6")
    assert aiida_quantities(outcome.folder)["OUTCAR"]["run_status"]["finished"]


def test_killed_job_is_read_as_unfinished(standin):
    outcome = standin({"end": "die", "die_after": 3}, **RELAX)
    parsed = aiida_quantities(outcome.folder)
    assert parsed["OUTCAR"]["run_status"]["finished"] is False
    assert len(parsed["vasprun.xml"]["structure"]["sites"]) == 4
    assert parsed["vasprun.xml"]["energies"] is None  # half a calculation: parsevasp gives up all of them


def test_unconverged_jobs_are_read_as_such(standin, tmp_path):
    status = aiida_quantities(standin(NELM=4, folder=tmp_path / "a").folder)["OUTCAR"]["run_status"]
    assert (status["finished"], status["electronic_converged"], status["consistent_nelm_breach"]) == (True, False, True)
    status = aiida_quantities(standin(folder=tmp_path / "b", **{**RELAX, "NSW": 4}).folder)["OUTCAR"]["run_status"]
    assert (status["ionic_converged"], status["electronic_converged"]) == (False, True)


def test_magmom_error_is_a_notification_of_aiida_vasp(standin):
    outcome = standin(MAGMOM="1 1")
    with (outcome.folder / "vasp_output").open() as handler:
        notifications = StreamParser(handler=handler).notifications
    assert [entry["name"] for entry in notifications] == ["magmom"]


def test_numbers_have_not_changed(outcome, num_regression):
    trajectory = aiida_quantities(outcome.folder)["vasprun.xml"]
    steps = trajectory["trajectory"]
    num_regression.check(
        {
            "energy": trajectory["energies"]["energy_extrapolated"],
            "largest_force": np.abs(steps["forces"]).max(axis=(1, 2)),
            "pressure_kB": np.trace(steps["stress"], axis1=1, axis2=2) / 3,
            "volume": np.linalg.det(steps["cells"]),
        },
        default_tolerance={"atol": 1e-4, "rtol": 1e-4},
    )


@pytest.mark.parametrize("name", ["vasprun.xml", "OUTCAR", "OSZICAR"])
def test_layout_has_not_changed(standin, file_regression, name):
    """Every number is masked, so that only the layout is compared."""
    text = (standin(**{**RELAX, "NSW": 2}).folder / name).read_text()
    masked = re.sub(r"[ -]*\d[\d:]*(\.\d*)?([eE][+-]\d+)?", " #", text)
    file_regression.check(masked, extension=f".{name.split('.')[0]}.txt")
