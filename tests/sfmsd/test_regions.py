"""Regions, the seeded draw, and the judgement of Fig. 6."""

from dataclasses import replace

import pytest

from aiida_hezsp.errors import SettingsError
from aiida_hezsp.sfmsd.regions import RegionRule, draw_checks, judge, population, region_of, summarise_checks

RULE = RegionRule(per_region=3)
PREDICTED = {f"c{number}": 2.0 * number for number in range(100)}  # 0 to 198 A^2


@pytest.mark.parametrize(
    ("msd", "region"), [(39.9, "low"), (40.0, "medium"), (120.0, "medium"), (120.1, "high"), (0.0, "low")]
)
def test_thresholds_are_the_papers(msd, region):
    assert region_of(msd, RegionRule()) == region


def test_population_counts_all():
    assert population(PREDICTED, RULE) == {"high": 39, "medium": 41, "low": 20}


def test_the_draw_is_of_each_region_and_seeded():
    drawn = draw_checks(PREDICTED, RULE)
    assert {region: len(labels) for region, labels in drawn.items()} == {"high": 3, "medium": 3, "low": 3}
    for region, labels in drawn.items():
        assert {region_of(PREDICTED[label], RULE) for label in labels} == {region}
    backwards = dict(reversed(PREDICTED.items()))
    assert draw_checks(backwards, RULE) == drawn
    assert draw_checks(PREDICTED, replace(RULE, seed=2)) != drawn


def test_all_labels_are_drawn_about_equally_often():
    counts = dict.fromkeys((label for label, msd in PREDICTED.items() if region_of(msd, RULE) == "low"), 0)
    for seed in range(400):
        for label in draw_checks(PREDICTED, replace(RULE, seed=seed))["low"]:
            counts[label] += 1
    assert all(30 < count < 90 for count in counts.values()), counts  # 3 of 20, 400 times: 60 +- 7


def test_small_regions_are_drawn_whole():
    drawn = draw_checks({"a": 10.0, "b": 200.0}, RULE)
    assert drawn == {"high": ["b"], "medium": [], "low": ["a"]}


@pytest.mark.parametrize(
    ("predicted", "measured", "accepted_by"),
    [
        (100.0, 129.9, "error"),
        (100.0, 130.0, None),  # not less than 30
        (150.0, 190.0, "relative error"),  # high: 21 %
        (100.0, 140.0, None),  # medium: relative errors do not count
        (150.0, 110.0, None),  # 36 %
        (20.0, 0.0, "error"),
    ],
)
def test_judgement(predicted, measured, accepted_by):
    found = judge(predicted, measured, RULE)
    assert found["accepted_by"] == accepted_by
    assert found["accepted"] == (accepted_by is not None)
    assert found["error"] == pytest.approx(predicted - measured)
    assert found["in_region"] == (region_of(measured, RULE) == found["region"])


def test_summary_by_region():
    pairs = [(150.0, 190.0), (150.0, 110.0), (20.0, 26.0)]
    found = summarise_checks([judge(predicted, measured, RULE) for predicted, measured in pairs])
    assert found["high"] == {"checked": 2, "accepted": 1, "mean_error": 0.0, "rmse": pytest.approx(40.0)}
    assert found["medium"] == {"checked": 0, "accepted": 0, "mean_error": None, "rmse": None}
    assert found["all"]["checked"] == 3
    assert found["all"]["mean_error"] == pytest.approx(-2.0)


def test_thresholds_out_of_order():
    with pytest.raises(SettingsError, match="low < high"):
        RegionRule(low=120.0, high=40.0)
