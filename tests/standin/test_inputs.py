import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiida_hezsp.errors import StandinError
from aiida_hezsp.standin.inputs import read_job


def test_electrons_and_bands_follow_potcar_and_incar(write_inputs):
    job = read_job(write_inputs())
    assert (job.elements, job.n_electrons, job.n_bands) == (("Cu", "Al"), 54.0, 33)
    job = read_job(write_inputs(NELECT=60, NBANDS=40))
    assert (job.n_electrons, job.n_bands) == (60.0, 40)


def test_kind_names_and_potcar_suffixes_are_understood(write_inputs, poscar_text):
    assert read_job(write_inputs(poscar=poscar_text.replace("Cu Al", "Cu1 Al_h"))).elements == ("Cu", "Al")


def test_magmom_reaches_the_calculator(write_inputs):
    atoms = read_job(write_inputs(MAGMOM="3*1.5 -2")).atoms
    assert atoms.get_initial_magnetic_moments().tolist() == [1.5, 1.5, 1.5, -2.0]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_inputs_are_read_or_refused(write_inputs, data):
    """Whatever is cut out of or put into a file, the answer is a job or one StandinError, never another exception."""
    folder = write_inputs(NSW=3, IBRION=2, ISIF=3, EDIFFG=-0.1)
    path = folder / data.draw(st.sampled_from(["INCAR", "POSCAR", "KPOINTS", "POTCAR"]))
    text = path.read_bytes()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    junk = data.draw(
        st.sampled_from([b"", b"\xff\xfe", b"nan", b"inf ", b"-3", b"0 0 0\n", b"*", b"= ", b'"', b"1e400"])
    )
    path.write_bytes(text[:start] + junk + text[end:])
    try:
        job = read_job(folder)
    except StandinError:
        return
    assert len(job.atoms) == sum(job.poscar.counts)


@pytest.mark.parametrize("tags", [{"KSPACING": 0}, {"KSPACING": -1}, {"KSPACING": 1e-3}, {"KSPACING": 1e-320}])
def test_meaningless_kspacing_is_refused(write_inputs, tags):
    folder = write_inputs(**tags)
    (folder / "KPOINTS").unlink()
    with pytest.raises(StandinError, match="KSPACING"):
        read_job(folder)
