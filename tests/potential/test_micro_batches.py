from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from aiida_hezsp.potential.micro_batches import ATOMS_AT_A_TIME, micro_batches


@given(st.lists(st.integers(1, 400), max_size=30), st.none() | st.integers(1, 7), st.randoms())
def test_every_image_is_evaluated_once_in_order_and_within_bounds(n_atoms, size, random):
    indices = list(range(len(n_atoms)))
    random.shuffle(indices)
    runs = micro_batches(indices, n_atoms, size)
    assert list(chain.from_iterable(runs)) == indices
    for run in runs:
        assert len(run) <= (size or len(indices))
        assert size or len(run) == 1 or sum(n_atoms[index] for index in run) <= ATOMS_AT_A_TIME
