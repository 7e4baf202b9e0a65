"""Balancing and named splits: what goes first, what stays, and that nothing is lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aiida_hezsp.sfmsd import SplitStep, TrainingTable, balance_targets, clean_table
from aiida_hezsp.sfmsd.balance import order_by_chance

TARGETS = st.lists(st.floats(0, 300), min_size=2, max_size=40)


def table(targets, splits=None, datasets=None):
    splits = splits or ["train"] * len(targets)
    datasets = datasets or [None] * len(targets)
    return TrainingTable.from_dict(
        {
            "feature_set": "multinary",
            "columns": [{"name": "x", "unit": "1", "definition": "x"}],
            "rows": [
                {"label": f"r{k}", "features": {"x": k}, "target": t, "split": s, "dataset": d}
                for k, (t, s, d) in enumerate(zip(targets, splits, datasets, strict=True))
            ],
        }
    )


def test_the_most_crowded_goes_first():
    # 10.0 and 10.1 are nearest; 10.1 has the nearer other neighbour (10.5).
    assert balance_targets([0.0, 10.0, 10.1, 10.5, 50.0], n_keep=4) == [(2, pytest.approx(0.1))]


def test_equal_targets_go_down_to_one():
    removed = balance_targets([5.0, 1.0, 5.0, 5.0, 9.0], min_gap=0.5)
    assert [index for index, _ in removed] == [2, 0]  # the one between two equals first
    assert all(gap == 0.0 for _, gap in removed)


@given(targets=TARGETS, n_keep=st.integers(2, 40))
def test_as_many_stay_as_asked_and_the_range_stays(targets, n_keep):
    removed = {index for index, _ in balance_targets(targets, n_keep=n_keep)}
    stays = [t for k, t in enumerate(targets) if k not in removed]
    assert len(stays) == min(n_keep, len(targets))
    assert (min(stays), max(stays)) == (min(targets), max(targets))


@given(targets=TARGETS, min_gap=st.floats(0.1, 50))
def test_no_inner_target_is_nearer_than_the_gap(targets, min_gap):
    removed = {index for index, _ in balance_targets(targets, min_gap=min_gap)}
    stays = sorted(t for k, t in enumerate(targets) if k not in removed)
    for below, inner, above in zip(stays, stays[1:], stays[2:], strict=False):
        assert min(inner - below, above - inner) >= min_gap


@pytest.fixture(scope="module")
def crowded():
    """Targets distributed like the paper's in Fig. S1(a): most are low."""
    return np.random.default_rng(1).exponential(40.0, 270)


def occupation(targets, gone=()):
    stays = np.delete(targets, [index for index, _ in gone])
    return np.histogram(stays, bins=6, range=(0, 120))[0]


def test_crowd_is_thinned_more_than_the_sparse_end(crowded):
    before, after = occupation(crowded), occupation(crowded, balance_targets(crowded.tolist(), n_keep=148))
    lost = 1.0 - after / before
    assert lost[0] > 0.5
    assert lost[-1] < 0.35
    assert after.std() / after.mean() < 0.8 * before.std() / before.mean()


def test_a_gap_levels_the_crowd(crowded):
    # No more than one target in every 2 A^2: at most 11 in 20 A^2, where 108 were.
    before, after = occupation(crowded), occupation(crowded, balance_targets(crowded.tolist(), min_gap=2.0))
    assert before[0] > 100
    assert after.max() <= 11
    assert after[:3].min() >= 5


def test_outliers_are_set_apart_in_every_split():
    cleaned, removed = clean_table(table([10.0, 250.0, 300.0, 20.0], ["train", "train", "test", "test"]), 200.0)
    assert [row.split for row in cleaned.rows] == ["train", "outliers", "outliers", "test"]
    assert [(r.label, r.reason) for r in removed] == [
        ("r1", "target above 200 A^2 (train)"),
        ("r2", "target above 200 A^2 (test)"),
    ]


def test_balanced_rows_go_to_a_split_of_their_own_and_only_from_training():
    step = SplitStep(keep=3, rest="test")
    targets = [0.0, 1.0, 1.01, 100.0, 1.02, 1.03]
    cleaned, removed = clean_table(table(targets, ["train"] * 4 + ["other"] * 2), None, [step])
    assert [row.split for row in cleaned.rows] == ["train", "test", "train", "train", "other", "other"]
    assert removed[0].label == "r1"
    assert removed[0].reason == "nearest other target 0.01 A^2 away: moved to test"


@given(targets=TARGETS)
def test_no_row_is_lost(targets):
    before = table(targets)
    steps = [SplitStep(min_gap=5.0), SplitStep(by="chance", keep=0.5, rest="test")]
    cleaned, removed = clean_table(before, 200.0, steps)
    assert [row.label for row in cleaned.rows] == [row.label for row in before.rows]
    assert len(cleaned.of("train")) + len(removed) == len(targets)


PAPER = [
    {"dataset": "quaternary", "keep": 172, "rest": "balanced_out"},
    {"dataset": "quaternary", "keep": 40, "rest": "test_quaternary"},
    {"dataset": "multinary", "keep": 148, "rest": "test_multinary"},
]


@pytest.fixture(scope="module")
def paper_table():
    """As many targets as the paper has, all below 200 A^2."""
    targets = np.random.default_rng(3).exponential(40.0, 2000)
    return table(targets[targets < 200][:470].tolist(), datasets=["quaternary"] * 200 + ["multinary"] * 270)


def test_the_papers_splits_have_the_papers_numbers(paper_table):
    """200 of the quaternary, cleaned to 172, 40 of them trained on; 148 of 270 multinary, the other 122 tests."""
    cleaned, removed = clean_table(paper_table, 200.0, [SplitStep(**step) for step in PAPER])
    counts = {split: len(cleaned.of(split)) for split in cleaned.splits}
    assert counts == {"train": 188, "balanced_out": 28, "test_quaternary": 132, "test_multinary": 122}
    assert {row.dataset for row in cleaned.of("test_multinary")} == {"multinary"}
    assert {row.dataset for row in cleaned.of("test_quaternary")} == {"quaternary"}
    assert len(removed) == 470 - 188


def test_shares_are_those_of_what_is_left(paper_table):
    steps = [SplitStep(dataset="multinary", keep=0.5, rest="a"), SplitStep(dataset="multinary", keep=0.5, rest="b")]
    cleaned, _ = clean_table(paper_table, None, steps)
    assert [len(cleaned.of(split)) for split in ("train", "a", "b")] == [200 + 68, 135, 67]


def test_chance_is_seeded_and_looks_at_each_label_alone(paper_table):
    def drawn(rows, seed):
        part = paper_table.model_copy(update={"rows": rows})
        cleaned, removed = clean_table(part, None, [SplitStep(by="chance", keep=0.8, rest="test", seed=seed)])
        assert {row.label for row in cleaned.of("test")} == {removal.label for removal in removed}
        return [row.label for row in cleaned.of("test")]

    assert drawn(paper_table.rows, 1) == drawn(paper_table.rows, 1)
    assert drawn(paper_table.rows, 1) != drawn(paper_table.rows, 2)
    assert len(drawn(paper_table.rows, 1)) == 94
    assert order_by_chance(["a", "b", "c"], 1) == [x for x in order_by_chance(["d", "c", "b", "a"], 1) if x != "d"]


def test_more_than_there_are_is_all_of_them():
    cleaned, removed = clean_table(table([1.0, 2.0, 3.0]), None, [SplitStep(keep=10), SplitStep(by="chance", keep=3)])
    assert len(cleaned.of("train")) == 3
    assert removed == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "give one of the two"),
        ({"keep": 5, "min_gap": 1.0}, "give one of the two"),
        ({"min_gap": 1.0, "rest": "train"}, "need a split of their own, not 'train'"),
        ({"min_gap": 1.0, "rest": "outliers"}, "need a split of their own"),
        ({"by": "chance", "min_gap": 1.0}, "by chance needs keep"),
        ({"keep": 1}, "keep"),
        ({"keep": 1.5}, "keep"),
        ({"n_kept": 5}, "n_kept"),
    ],
)
def test_settings_that_say_nothing_clear(values, message):
    with pytest.raises(ValidationError, match=message):
        SplitStep(**values)
