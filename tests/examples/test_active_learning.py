"""The comparison of ways to choose MD runs: counting, and that the recorded figures follow from the recorded data."""

import json

import numpy as np
import pytest

FOLDER = "active_learning"


@pytest.fixture(scope="module")
def compare(example):
    return example(f"{FOLDER}/compare")


def test_counting(compare):
    y = np.array([5.0, 1.0, 9.0, 7.0])
    curve = compare.found([1, 2, 0, 3], y, top=2)
    assert curve.tolist() == [0, 0, 1, 1, 2]
    assert compare.runs_needed(curve, 1) == 2
    assert compare.runs_needed(curve, 2) == 4


def test_every_way_begins_alike_and_runs_everything_once(compare):
    rng = np.random.default_rng(0)
    x, y = rng.uniform(size=(12, 3)), rng.uniform(size=12)
    orders = {way: compare.search(x, y, way, order=3, first=4, per_round=3) for way in ("random", "ucb")}
    assert orders["random"][:4] == orders["ucb"][:4]
    assert all(sorted(order) == list(range(12)) for order in orders.values())


def test_noise_decides_only_where_values_are_close(compare):
    y = np.array([10.0, 20.0, 30.0, 40.0])
    assert compare.noise_of(y, np.full(4, 0.1), top=2) == pytest.approx(2.0)
    assert compare.noise_of(y, np.full(4, 1000.0), top=2) == pytest.approx(1.0, abs=0.1)  # chance: 2 x 2 / 4


@pytest.mark.parametrize(("data", "figures"), [("recorded.csv", "compare"), ("../stage_two/training.csv", "tuned")])
def test_the_recorded_figures_belong_to_the_recorded_data(compare, data, figures):
    result = json.loads((compare.HERE / f"{figures}.json").read_text())
    x, y, errors = compare.load(compare.HERE / data, result["feature_set"])
    assert len(y) == len(x) == result["rows"]
    assert (errors > 0).all()
    assert result["msd"] == {"min": y.min(), "median": np.median(y), "max": y.max()}
    mean = np.array(result["ways"]["random"]["found_mean"])
    expected, spread = np.array(result["expected_at_random"]), np.array(result["ways"]["random"]["found_std"])
    assert (np.abs(mean - expected) <= 4 * spread / np.sqrt(result["orders"]) + 1e-9).all()  # chance, as it must be
