"""Portions of identifiers: nothing lost, nothing twice, none too large."""

from hypothesis import given
from hypothesis import strategies as st

from aiida_hezsp.provenance.chunks import CHUNK, chunks


@given(st.lists(st.integers(1, 60)), st.integers(1, 9))
def test_every_pk_comes_once_in_order(pks, size):
    portions = list(chunks(iter(pks), size))
    assert [pk for portion in portions for pk in portion] == sorted(set(pks))
    assert all(0 < len(portion) <= size for portion in portions)


def test_a_portion_is_below_the_999_variables_that_the_oldest_sqlite_takes():
    assert [len(portion) for portion in chunks(range(2000))] == [CHUNK, CHUNK, 200]
    assert CHUNK < 999
