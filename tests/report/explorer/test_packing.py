import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aiida_hezsp.report.explorer.packing import (
    STEPS,
    pack_cells,
    pack_coordinates,
    pack_json,
    runs,
    shortened,
    unpack_cells,
    unpack_coordinates,
    unpack_json,
)

texts = st.text() | st.sampled_from(["</script><script>alert(1)</script>", "<!--", "Å²"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_json_comes_back_from_text_without_markup(value):
    text = pack_json(value)
    assert unpack_json(text) == value
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="Out of range"):
        pack_json({"msd": float("nan")})


@given(arrays(float, (7, 3), elements=st.floats(-3, 3)))
def test_coordinates_come_back_within_half_a_step_and_wrapped(coordinates):
    found = unpack_coordinates(pack_coordinates(coordinates))
    assert ((found >= 0) & (found < 1)).all()
    difference = found - coordinates
    assert np.abs(difference - np.round(difference)).max() <= 0.5 / STEPS + 1e-12


@given(arrays(float, (4, 3, 3), elements=st.floats(-40, 40)))
def test_cells_come_back_in_single_precision(cells):
    assert np.abs(unpack_cells(pack_cells(cells)) - cells).max() <= 40 * 2**-24


def test_runs_count_neighbours_of_one_kind():
    assert runs(["Li", "Li", "Zr", "O", "O", "O", "Li"]) == "Li 2 Zr 1 O 3 Li 1"
    assert runs([]) == ""


@given(st.floats(min_value=1e-30, max_value=1e30))
def test_numbers_keep_seven_digits(value):
    assert shortened(value) == pytest.approx(value, rel=5e-7)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None])
def test_missing_numbers_are_none(value):
    assert shortened(value) is None


def test_five_thousand_supercells_stay_small(family):
    """A structure of 160 atoms costs less than a kilobyte in the page."""
    from aiida_hezsp.chemistry import decorate, space
    from aiida_hezsp.report.explorer.structures import PlainStructure, pack_structures

    rng = np.random.default_rng(3)
    structures = []
    for composition in space(family, "quinary")[::460]:
        cell = decorate(family, composition, "supercell", 1)
        moved = cell.frac_coords + rng.normal(0, 0.1, (len(cell), 3)) @ np.linalg.inv(cell.lattice.matrix)
        symbols = tuple(site.specie.symbol for site in cell)
        structures.append(PlainStructure(symbols, cell.lattice.matrix, moved))
    packed = pack_json(pack_structures(structures))
    assert len(packed) / len(structures) < 1100
    assert unpack_json(packed)["species"][0].endswith("O 96")
