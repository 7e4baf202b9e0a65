import pytest
from pymatgen.io.vasp import Outcar, Vasprun

from aiida_hezsp.standin.run import DIED, FAILED, FINISHED

RELAX = {"NSW": 20, "IBRION": 2, "ISIF": 3, "EDIFFG": -1e-6}


def read(folder):
    return Vasprun(folder / "vasprun.xml", parse_dos=False, parse_eigen=False, parse_potcar_file=False)


def test_single_point_by_nsw_and_by_ibrion(standin, tmp_path):
    for name, tags in {"a": {"NSW": 0}, "b": {"NSW": 1, "IBRION": -1}}.items():
        outcome = standin(folder=tmp_path / name, **tags)
        assert outcome.status == FINISHED
        assert read(outcome.folder).nionic_steps == 1


def test_first_line_names_calculator(standin):
    assert standin().stdout.splitlines()[0] == "hezsp-vasp-standin 0.1.0 calculator=emt (no VASP ran)"


@pytest.mark.parametrize("name", ["vasprun.xml", "OUTCAR", "OSZICAR", "CONTCAR", "vasp_output"])
def test_every_file_says_that_no_vasp_ran(standin, name):
    assert "no VASP ran; labels by emt (ase" in (standin().folder / name).read_text()


def test_death_leaves_truncated_files(standin):
    outcome = standin({"end": "die", "die_after": 3}, **RELAX)
    assert outcome.status == DIED
    xml = (outcome.folder / "vasprun.xml").read_text()
    assert xml.count("<calculation>") == 4
    assert xml.count("</calculation>") == 3
    assert "</modeling>" not in xml
    outcar = (outcome.folder / "OUTCAR").read_text()
    assert "Iteration      4(   1)" in outcar
    assert "General timing" not in outcar
    assert (outcome.folder / "CONTCAR").stat().st_size > 0


def test_death_at_once_leaves_an_empty_contcar(standin):
    outcome = standin({"end": "die", "die_after": 0}, **RELAX)
    assert outcome.status == DIED
    assert (outcome.folder / "CONTCAR").read_text() == ""


def test_once_dies_once(standin, run_standin, tmp_path):
    options = {"end": "die", "die_after": 1, "once": tmp_path / "marks" / "died"}
    first = standin(options, **RELAX)
    assert first.status == DIED
    assert run_standin(first.folder, **options).status == FINISHED


def test_unconverged_end_reaches_nelm(standin):
    outcome = standin({"end": "unconverged"}, NELM=12, **{**RELAX, "NSW": 2})
    run = read(outcome.folder)
    assert [len(step["electronic_steps"]) for step in run.ionic_steps] == [12, 12]
    assert not run.converged_electronic


def test_small_nelm_ends_unconverged_with_another_energy(standin, tmp_path):
    full = read(standin(folder=tmp_path / "full").folder)
    cut = read(standin(NELM=3, folder=tmp_path / "cut").folder)
    assert full.converged_electronic
    assert not cut.converged_electronic
    assert len(cut.ionic_steps[0]["electronic_steps"]) == 3
    assert cut.final_energy - full.final_energy == pytest.approx(4 * 0.5 * 0.01, abs=1e-6)


def test_ionic_unconverged_end_uses_all_steps(standin):
    outcome = standin({"end": "ionic-unconverged"}, **{**RELAX, "EDIFFG": -10.0})
    assert read(outcome.folder).nionic_steps == 20


@pytest.mark.parametrize("name", ["INCAR", "POSCAR", "POTCAR"])
def test_missing_file_stops(write_inputs, run_standin, name):
    folder = write_inputs()
    (folder / name).unlink()
    outcome = run_standin(folder)
    assert outcome.status == FAILED
    assert f"{name} " in outcome.stdout
    assert "STOPPING" in outcome.stdout


def test_missing_kpoints_falls_back_on_kspacing(write_inputs, run_standin):
    folder = write_inputs(KSPACING=0.8)
    (folder / "KPOINTS").unlink()
    assert run_standin(folder).status == FINISHED
    assert read(folder).kpoints.kpts == [(3, 3, 3)]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"symbols": ("Al", "Cu_pv")}, "POSCAR and POTCAR are incompatible"),
        ({"symbols": ("Cu_pv",)}, "number of potentials on File POTCAR incompatible"),
        ({"NSW": "lots"}, "Error reading item 'NSW' from file INCAR"),
        ({"NSW": 5, "IBRION": 2, "ISIF": 7}, "VERY BAD NEWS! internal error"),
        ({"MAGMOM": "1 1"}, "Error reading item 'MAGMOM'"),
        ({"kpoints": "rubbish"}, "KPOINTS"),
        ({"poscar": "x\n1.0\n"}, "POSCAR"),
    ],
)
def test_broken_input_stops_as_vasp_does(standin, inputs, message):
    outcome = standin(**inputs)
    assert outcome.status == FAILED
    assert message in outcome.stdout
    assert message in (outcome.folder / "OUTCAR").read_text()
    assert "General timing" not in (outcome.folder / "OUTCAR").read_text()
    assert "</modeling>" not in (outcome.folder / "vasprun.xml").read_text()


def test_overlapping_ions_stop(standin, poscar_text):
    outcome = standin(poscar=poscar_text.replace("0.02 0.50 0.50 T T T", "0.00 0.05 0.01 T T T"))
    assert outcome.status == FAILED
    assert "distance between some ions is very small: 0.192" in outcome.stdout
    assert "ions 3 and 4" in outcome.stdout


def test_unknown_calculator_stops(standin):
    outcome = standin({"calculator": "nonsense"})
    assert outcome.status == FAILED
    assert "no calculator 'nonsense'" in outcome.stdout


@pytest.mark.parametrize(
    "tags",
    [RELAX, {**RELAX, "IBRION": 1, "ISIF": 2}, {**RELAX, "IBRION": 3}]
    + [{"NSW": 20, "IBRION": 0, "POTIM": 2.0, "TEBEG": 600, "SMASS": smass} for smass in (-3, 0)],
)
def test_a_calculator_that_fails_on_the_way_stops_with_one_line(standin, monkeypatch, tags):
    """The optimiser or integrator evaluates before the stand-in does."""
    from ase.calculators.emt import EMT

    original, calls = EMT.calculate, []

    def calculate(self, *arguments):
        calls.append(1)
        if len(calls) > 2:
            raise ValueError("out of luck")
        return original(self, *arguments)

    monkeypatch.setattr(EMT, "calculate", calculate)
    outcome = standin(**tags)
    assert outcome.status == FAILED
    line = " ERROR: the calculator failed: ValueError: out of luck"
    assert outcome.stdout.splitlines()[-1] == line
    assert line in (outcome.folder / "OUTCAR").read_text()
    assert read_steps(outcome.folder) == 2


def read_steps(folder):
    return (folder / "vasprun.xml").read_text().count("</calculation>")


def test_stdout_lists_tags_without_effect(standin):
    assert "without effect in the stand-in: ALGO SIGMA\n" in standin(ALGO="Fast", SIGMA=0.05).stdout


def test_timing_section_has_what_readers_take(standin):
    stats = Outcar(standin().folder / "OUTCAR").run_stats
    assert stats["Elapsed time (sec)"] >= 0
    assert stats["cores"] == 1
