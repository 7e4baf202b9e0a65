"""The selection of models against brute force with NumPy's least squares."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiida_hezsp.sfmsd.sisso.screening import centred_unit
from aiida_hezsp.sfmsd.sisso.sparsify import Subspace, select

METRICS = {
    "RMSE": lambda e: np.sqrt((e**2).mean()),
    "MAE": lambda e: np.abs(e).mean(),
    "MaxAE": lambda e: np.abs(e).max(),
}


def brute(features, y, dimension, metric):
    """Return the metric of every combination, with an intercept, by lstsq."""
    found = {}
    for chosen in combinations(range(len(features)), dimension):
        a = np.column_stack([features[list(chosen)].T, np.ones(len(y))])
        found[chosen] = METRICS[metric](y - a @ np.linalg.lstsq(a, y, rcond=None)[0])
    return found


def table(seed, size=9, n=14):
    rng = np.random.default_rng(seed)
    features = np.array([centred_unit(row) for row in rng.normal(size=(size, n))])
    return features, 5.0 + 3.0 * features[0] - 2.0 * features[size // 2] + rng.normal(scale=0.3, size=n)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 4), st.sampled_from(sorted(METRICS)))
def test_exact_search_is_brute_force(seed, dimension, metric):
    features, y = table(seed)
    expected = sorted(brute(features, y, dimension, metric).values())[:3]
    found = select(Subspace(features, y), dimension, metric, 3, 10**6, lambda *_: None)
    assert found.exact
    np.testing.assert_allclose(found.values, expected, rtol=1e-8)


def test_dependent_features_are_left_out():
    features, y = table(0)
    features[3] = -features[0]
    found = select(Subspace(features, y), 2, "RMSE", 100, 10**6, lambda *_: None)
    assert len(found.combinations) == 35
    assert [0, 3] not in found.combinations.tolist()


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_beam_comes_close_to_the_exact_result(metric):
    for seed in range(5):
        features, y = table(seed, size=16, n=30)
        subspace = Subspace(features, y)
        exact = select(subspace, 4, metric, 1, 10**6, lambda *_: None)
        beam = select(subspace, 4, metric, 1, 1000, lambda *_: None)
        assert not beam.exact
        assert beam.fits < 30 * exact.fits
        assert exact.values[0] <= beam.values[0] * (1 + 1e-9)
        assert beam.values[0] <= 1.05 * exact.values[0]
