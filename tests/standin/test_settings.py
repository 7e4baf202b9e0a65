import pytest

from aiida_hezsp.errors import StandinError
from aiida_hezsp.standin.incar import parse_incar
from aiida_hezsp.standin.settings import read_settings


def settings(text, n_atoms=4):
    return read_settings(parse_incar(text), n_atoms)


def test_defaults_are_those_of_vasp():
    static = settings("")
    assert (static.nsw, static.ibrion, static.isif, static.nelm, static.ediff, static.ediffg) == (
        0,
        -1,
        2,
        60,
        1e-4,
        1e-3,
    )
    assert static.task == "static"


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("NSW=0\nIBRION=2", "static"),
        ("NSW=1\nIBRION=-1", "static"),
        ("NSW=1\nIBRION=2", "relax"),
        ("NSW=10\nPOTIM=1", "md"),
        ("NSW=10\nIBRION=3\nISIF=3", "relax"),
    ],
)
def test_task(text, task):
    assert settings(text).task == task


def test_cell_moves_only_in_relaxations_with_isif_3():
    assert settings("NSW=5\nIBRION=2\nISIF=3").moves_cell
    assert not settings("NSW=5\nIBRION=2\nISIF=2").moves_cell
    assert not settings("NSW=0\nISIF=3").moves_cell


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("NSW=5\nIBRION=2\nISIF=4", "ISIF= 4"),
        ("NSW=5\nIBRION=0\nPOTIM=1\nISIF=3", "ISIF= 3"),
        ("NSW=5\nIBRION=0", "no entry for POTIM"),
        ("NSW=5\nIBRION=5", "IBRION= 5"),
        ("NSW=5\nIBRION=0\nPOTIM=1\nSMASS=-1", "SMASS"),
        ("NSW=5\nIBRION=0\nPOTIM=1\nMDALGO=3", "MDALGO= 3"),
        ("NSW=5\nIBRION=0\nPOTIM=0", "POTIM"),
        ("ISPIN=3", "ISPIN"),
        ("NELM=0", "NELM"),
        ("ISPIN=2\nMAGMOM=1 1", "MAGMOM' from file INCAR"),
    ],
)
def test_what_it_cannot_do_is_refused(text, message):
    with pytest.raises(StandinError, match=message):
        settings(text)


def test_magmom_is_not_looked_at_without_spin():
    assert settings("MAGMOM = 1 1").magmom == (1.0, 1.0)
