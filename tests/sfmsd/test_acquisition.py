"""Acquisition: scores against numerical integrals, the committee's uncertainty, and the search it is for."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from aiida_hezsp.errors import SettingsError
from aiida_hezsp.sfmsd.acquisition import AcquisitionRule, choose_next, committee, scores


@pytest.mark.parametrize(("mean", "deviation", "best"), [(50.0, 10.0, 60.0), (80.0, 5.0, 60.0), (10.0, 20.0, 60.0)])
def test_expected_improvement_is_the_integral(mean, deviation, best):
    integral, _ = quad(lambda v: (v - best) * norm.pdf(v, mean, deviation), best, mean + 12 * deviation)
    assert scores("ei", [mean], [deviation], best)[0] == pytest.approx(integral, rel=1e-6)


def test_certain_candidates_improve_by_what_they_are_above():
    np.testing.assert_allclose(scores("ei", [70.0, 50.0], [0.0, 0.0], 60.0), [10.0, 0.0])


def test_bound_and_greedy():
    np.testing.assert_allclose(scores("ucb", [1.0, 2.0], [3.0, 0.5], 0.0, kappa=2.0), [7.0, 3.0])
    np.testing.assert_allclose(scores("greedy", [1.0, 2.0], [3.0, 0.5], 0.0), [1.0, 2.0])
    with pytest.raises(SettingsError, match="no score"):
        scores("random", [1.0], [1.0], 0.0)


def landscape(seed, n=60):
    """Features and a smooth value with noise: what a search has to climb."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(size=(n, 4))
    return x, 100 * np.exp(-((x[:, 0] - 0.8) ** 2) / 0.1) + 20 * x[:, 1] + rng.normal(scale=4.0, size=n)


def test_the_committee_is_less_sure_where_it_knows_nothing():
    x = np.concatenate([np.linspace(0.0, 0.4, 20), np.linspace(0.6, 1.0, 20)])[:, None]
    y = np.where(x[:, 0] < 0.5, 10.0, 90.0)
    mean, deviation = committee(x, y, [[0.1], [0.5], [0.9]])
    assert mean[0] == pytest.approx(10.0, abs=3.0)
    assert mean[2] == pytest.approx(90.0, abs=3.0)
    assert deviation[1] > 5 * max(deviation[0], deviation[2])


def test_the_same_seed_chooses_the_same():
    x, y = landscape(1)
    rule = AcquisitionRule("ucb", seed=4)
    first = choose_next(x[:20], y[:20], x[20:], 5, rule)
    assert first == choose_next(x[:20], y[:20], x[20:], 5, rule)
    assert len(set(first)) == 5


def test_random_takes_no_notice_of_values():
    x, y = landscape(2)
    rule = AcquisitionRule("random", seed=3)
    assert choose_next(x[:20], y[:20], x[20:], 5, rule) == choose_next(x[:20], -y[:20], x[20:], 5, rule)
    assert sorted(choose_next(x[:20], y[:20], x[20:], 99, rule)) == list(range(40))  # no more than there are
    assert choose_next(x[:0], y[:0], x, 60, AcquisitionRule("ucb")) == choose_next(
        x[:0], y[:0], x, 60, AcquisitionRule()
    )


def runs_until_top(acquisition, seed, n_top=3):
    """Return how many runs it takes to have the three best."""
    x, y = landscape(seed)
    top = set(np.argsort(-y)[:n_top].tolist())
    known = np.random.default_rng(seed).permutation(len(y))[:10].tolist()
    while not top <= set(known):
        rest = [index for index in range(len(y)) if index not in known]
        chosen = choose_next(x[known], y[known], x[rest], 5, AcquisitionRule(acquisition, seed=seed))
        known += [rest[index] for index in chosen]
    return len(known)


def test_a_search_finds_the_top_with_fewer_runs_than_chance():
    found = {name: np.mean([runs_until_top(name, seed) for seed in range(5)]) for name in ("random", "ucb", "ei")}
    assert found["ucb"] < 0.75 * found["random"], found
    assert found["ei"] < 0.75 * found["random"], found


@pytest.mark.parametrize(("rule", "message"), [({"acquisition": "best"}, "ucb"), ({"kappa": -1.0}, "negative")])
def test_what_is_no_rule(rule, message):
    with pytest.raises(SettingsError, match=message):
        AcquisitionRule(**rule)
