import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.io.vasp import Incar as PymatgenIncar

from aiida_hezsp.errors import StandinError
from aiida_hezsp.standin.incar import parse_incar

TAGS = st.from_regex(r"[A-Z][A-Z0-9]{1,10}", fullmatch=True)
COMMENTS = st.sampled_from(["", " # a comment = 3", " ! NSW = 5"])


def test_grammar_of_the_manual():
    incar = parse_incar(
        "a comment without the sign\n"
        "ENCUT = 520 ; ISIF=3 # cell = too\n"
        "! NSW = 7\n"
        "magmom = 3*0.6 \\\n  -1.0\n"
        'SYSTEM = "two\n  lines"\n'
        "EDIFF = 1D-6\nLWAVE = .FALSE.\nENCUT = 300\n"
    )
    assert dict(incar.tags) == {
        "ENCUT": "520", "ISIF": "3", "MAGMOM": "3*0.6    -1.0", "SYSTEM": "two lines", "EDIFF": "1D-6",
        "LWAVE": ".FALSE.",
    }  # fmt: skip
    assert incar.reals("MAGMOM") == [0.6, 0.6, 0.6, -1.0]
    assert incar.real("EDIFF", 0.0) == 1e-6
    assert incar.logical("LWAVE", default=True) is False
    assert incar.integer("NSW", 4) == 4


def test_a_commented_quote_starts_no_value():
    assert dict(parse_incar('# SYSTEM = "x\nNSW = 3\n').tags) == {"NSW": "3"}


@pytest.mark.parametrize(
    ("tag", "value", "method"),
    [("NSW", "many", "integer"), ("NSW", "3.5", "integer"), ("EDIFF", "small", "real"), ("NSW", "", "integer")],
)
def test_unreadable_values_stop_as_in_vasp(tag, value, method):
    incar = parse_incar(f"{tag} = {value}")
    with pytest.raises(StandinError, match=f"Error reading item '{tag}' from file INCAR"):
        getattr(incar, method)(tag, 0)


def test_unreadable_logical_and_list_stop_too():
    incar = parse_incar("LWAVE = maybe\nMAGMOM = 3*up")
    with pytest.raises(StandinError, match="LWAVE"):
        incar.logical("LWAVE", default=False)
    with pytest.raises(StandinError, match="MAGMOM"):
        incar.reals("MAGMOM")


def test_value_without_tag_stops():
    with pytest.raises(StandinError, match="no valid tag"):
        parse_incar("= 5")


@given(st.dictionaries(TAGS, st.integers(-1000, 1000), min_size=1), COMMENTS, st.sampled_from(["\n", " ; "]))
def test_integers_survive_layout(tags, comment, separator):
    text = separator.join(f"{tag} = {value}" for tag, value in tags.items()) + comment
    incar = parse_incar(text)
    assert {tag: incar.integer(tag, 0) for tag in incar.tags} == tags


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from("eEdD"))
def test_reals_survive_fortran_exponents(value, letter):
    assert parse_incar(f"X = {value!r}".replace("e", letter)).real("X", 0.0) == value


@given(st.text())
def test_any_text_is_read_or_refused(text):
    try:
        tags = parse_incar(text).tags
    except StandinError:
        return
    assert all(tag == tag.upper() and tag for tag in tags)


@given(st.lists(st.floats(-5, 5).map(lambda value: round(value, 3)), min_size=1, max_size=20))
def test_pymatgen_writes_what_we_read(moments):
    text = str(PymatgenIncar({"MAGMOM": moments, "ISPIN": 2, "EDIFF": 1e-5, "LASPH": True}))
    incar = parse_incar(text)
    assert incar.reals("MAGMOM") == pytest.approx(moments)
    assert (incar.integer("ISPIN", 1), incar.real("EDIFF", 0), incar.logical("LASPH", default=False)) == (2, 1e-5, True)
