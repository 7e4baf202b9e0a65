import pytest

from aiida_hezsp.errors import HezspError
from aiida_hezsp.standin.banner import first_line, label_engine, marker

VASP_OUTCAR = " vasp.6.4.2 20Jul23 (build Aug 10 2023) complex\n\n executed on LinuxIFC\n"
VASP_STDOUT = " running   32 mpi-ranks\n distrk:  each k-point\n vasp.5.4.4.18Apr17-6-g9f103f2a35 (build) complex\n"


def test_real_vasp_is_told_from_either_file():
    assert label_engine("", VASP_OUTCAR) == "vasp 6.4.2"
    assert label_engine(VASP_STDOUT, "").startswith("vasp 5.4.4")


def test_marks_of_the_standin_are_read_back():
    assert label_engine(first_line("chgnet-r2scan"), "") == "standin chgnet-r2scan"
    assert label_engine("", " " + marker("emt", "ase 3.29.0")) == "standin emt"


def test_lines_before_the_first_line_do_not_hide_it():
    assert label_engine("bash: warning\n" + first_line("emt") + "\n vasp.6.4.2 x", VASP_OUTCAR) == "standin emt"


def test_first_line_is_the_agreed_one():
    assert first_line("emt") == "hezsp-vasp-standin 0.1.0 calculator=emt (no VASP ran)"


@pytest.mark.parametrize("text", ["", "PWSCF v.7.2", "hezsp-vasp-standin calculator=emt"])
def test_unknown_engine_is_refused(text):
    with pytest.raises(HezspError, match="which engine"):
        label_engine(text, text)
