"""Intervals: the quantile they are made of, coverage on new rows, and width where little is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aiida_hezsp.sfmsd.intervals import Calibration, Intervals, attainable


def intervals(n=60, neighbours=0, seed=1, scale=None):
    rng = np.random.default_rng(seed)
    rows = rng.uniform(-1.0, 1.0, size=(n, 2))
    sizes = np.ones(n) if scale is None else scale(rows)
    return Intervals(Calibration.of(rows, rng.normal(size=n) * sizes, neighbours))


@given(residuals=st.lists(st.floats(-100, 100), min_size=4, max_size=60), coverage=st.floats(0.05, 0.95))
def test_the_half_width_is_the_conformal_quantile(residuals, coverage):
    """The ceil((n + 1) coverage)-th smallest absolute residual, or the largest where there is no such."""
    n = len(residuals)
    made = Intervals(Calibration.of(np.zeros((n, 1)), np.array(residuals), 0))
    rank = min(int(np.ceil((n + 1) * coverage - 1e-6)), n)
    assert made.half_width(coverage) == pytest.approx(np.sort(np.abs(residuals))[max(rank, 1) - 1])


def test_few_residuals_support_less_coverage():
    assert attainable(0.9, 4) == pytest.approx(0.8)
    assert attainable(0.9, 9) == pytest.approx(0.9)
    nine = Intervals(Calibration.of(np.zeros((9, 1)), np.arange(9.0), 0))
    assert nine.half_width(0.9) == nine.half_width(0.99) == 8.0
    assert np.isfinite(nine.around(np.zeros(1), np.zeros((1, 1)), 0.99, 0.0)).all()


def test_no_end_is_below_the_lowest():
    low, high = intervals().around(np.zeros(3), np.zeros((3, 2)), 0.9, 0.0)
    assert (low == 0.0).all()
    assert (high > 0.0).all()


def noisy_right(rows):
    """Errors that are four times larger on the right."""
    return np.where(rows[:, 0] > 0.0, 4.0, 1.0)


def test_intervals_are_wider_where_neighbours_were_predicted_badly():
    made = intervals(n=400, neighbours=20, scale=noisy_right)
    x = np.array([[-0.6, 0.0], [0.6, 0.0]])
    quiet, loud = made.difficulty(x)
    assert 1.5 < loud / quiet < 4.0


def test_intervals_are_wider_far_from_the_training_rows():
    made = intervals(n=200, neighbours=20)
    near, far, farther = made.difficulty(np.array([[0.0, 0.0], [3.0, 0.0], [6.0, 0.0]]))
    assert near < 1.5
    assert far > 2.0 * near
    assert farther > 1.5 * far


def test_distance_tells_what_is_in_range_of_each_feature_but_unlike_all_rows():
    rng = np.random.default_rng(2)
    first = rng.uniform(-1.0, 1.0, size=200)
    rows = np.column_stack([first, first + 0.05 * rng.normal(size=200)])  # two features that go together
    made = Intervals(Calibration.of(rows, rng.normal(size=200), 10))
    along, across = made.distance(np.array([[0.5, 0.5], [0.8, -0.8]]))
    assert along < 1.0
    assert across > 3.0
    assert (made.distance(rows) <= 1.0).mean() > 0.94
    assert intervals(n=11).distance(np.zeros((1, 2))).tolist() == [0.0]


@pytest.mark.parametrize("neighbours", [0, 20])
@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_coverage_on_new_rows_is_that_promised(neighbours, coverage):
    """Residuals of new rows from the same law; mean over calibrations, as the promise is."""
    held = []
    for seed in range(12):
        made = intervals(n=150, neighbours=neighbours, seed=seed, scale=noisy_right)
        rng = np.random.default_rng(1000 + seed)
        x = rng.uniform(-1.0, 1.0, size=(400, 2))
        residuals = rng.normal(size=400) * noisy_right(x)
        low, high = made.around(np.zeros(400), x, coverage, -np.inf)
        held.append(((low <= residuals) & (residuals <= high)).mean())
    assert np.mean(held) == pytest.approx(coverage, abs=0.03)


def test_local_widths_hold_both_sides():
    """With one width for all, the noisy side is held too rarely; with local widths less so."""
    rng = np.random.default_rng(5)
    x = rng.uniform(-1.0, 1.0, size=(4000, 2))
    residuals, right = rng.normal(size=4000) * noisy_right(x), x[:, 0] > 0.0
    gaps = []
    for neighbours in (0, 20):
        low, high = intervals(400, neighbours, scale=noisy_right).around(np.zeros(4000), x, 0.9, -np.inf)
        held = (low <= residuals) & (residuals <= high)
        gaps.append(abs(held[right].mean() - held[~right].mean()))
    assert gaps[1] < 0.8 * gaps[0]


def test_few_rows_are_all_equally_difficult():
    made = intervals(n=11, neighbours=20)
    assert made.neighbours == 0
    assert made.difficulty(np.full((2, 2), 9.0)).tolist() == [1.0, 1.0]
    assert intervals(n=40, neighbours=20).neighbours == 10


def test_a_feature_that_never_varies_takes_no_part_in_what_is_far():
    """The standard deviation of equal numbers is 1e-16 or so rather than 0: no unit to measure distances in."""
    rng = np.random.default_rng(3)
    rows = np.column_stack([rng.uniform(size=40), np.full(40, 1.3862943611)])
    assert rows.std(axis=0)[1] > 0.0
    made = Intervals(Calibration.of(rows, rng.normal(size=40), 10))
    other = np.array([[0.5, 1.6094379124]])
    assert made.distance(other)[0] < 100.0
    low, high = made.around(np.zeros(1), other, 0.9, -np.inf)
    assert high[0] - low[0] < 200.0 * made.half_width(0.9)


def test_perfect_models_have_no_width():
    made = Intervals(Calibration.of(np.random.default_rng(0).random((40, 2)), np.zeros(40), 5))
    assert made.half_width(0.9) == 0.0


def test_round_trip():
    rng = np.random.default_rng(0)
    made = Calibration.of(rng.random((40, 2)), rng.normal(size=40), 5)
    again = Calibration.model_validate_json(made.model_dump_json())
    assert again == made
    x = np.zeros((1, 2))
    assert Intervals(again).difficulty(x) == Intervals(made).difficulty(x)


def test_what_is_none():
    with pytest.raises(ValidationError, match="rows"):
        Calibration(rows=(), residuals=(), neighbours=0)
