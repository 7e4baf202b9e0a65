from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiida_hezsp.errors import ImageError
from aiida_hezsp.potential.finetune_settings import SplitSettings
from aiida_hezsp.potential.splits import split_images

GROUPS = np.array([name for name in "abcdefgh" for _ in range(7)])


@given(n=st.integers(3, 60), seed=st.integers(0, 5), by=st.sampled_from(["image", "composition"]))
def test_every_image_is_in_exactly_one_split(n, seed, by):
    groups = np.array([f"c{index % max(3, n // 4)}" for index in range(n)])
    split = split_images(groups, SplitSettings(by=by), seed)
    assert sorted(chain.from_iterable(split.values())) == list(range(n))
    assert all(split[name] for name in ("train", "validation", "test"))
    assert split == split_images(groups, SplitSettings(by=by), seed)


def test_fractions_are_kept():
    split = split_images(np.repeat(["a", "b"], 500), SplitSettings(), 1)
    assert {name: len(part) for name, part in split.items()} == {"train": 600, "validation": 200, "test": 200}


def test_compositions_are_not_torn_apart():
    split = split_images(GROUPS, SplitSettings(by="composition"), 3)
    labels = [set(GROUPS[part].tolist()) for part in split.values()]
    assert [len(part) for part in labels] == [4, 2, 2]
    assert set.union(*labels) == set("abcdefgh")


def test_holdout_is_unseen_by_everything_else():
    split = split_images(GROUPS, SplitSettings(), 3, ["c", "h"])
    assert set(GROUPS[split["unseen"]].tolist()) == {"c", "h"}
    assert len(split["unseen"]) == 14
    assert not {"c", "h"} & set(GROUPS[split["train"] + split["validation"] + split["test"]].tolist())


def test_no_test_split_is_possible():
    split = split_images(GROUPS, SplitSettings(train=0.8, validation=0.2, test=0.0), 1)
    assert split.keys() == {"train", "validation"}


@pytest.mark.parametrize(
    ("settings", "groups", "holdout", "message"),
    [
        (SplitSettings(train=0.9), GROUPS, (), "three fractions that sum to 1"),
        (SplitSettings(train=0.0, validation=0.5, test=0.5), GROUPS, (), "must not be empty"),
        (SplitSettings(), GROUPS[:2], (), "2 images cannot be divided into 3 sets"),
        (SplitSettings(by="composition"), GROUPS, tuple("abcdef"), "2 compositions cannot be divided"),
        (SplitSettings(), GROUPS, ("z",), "no image belongs to z"),
    ],
)
def test_impossible_splits_are_refused(settings, groups, holdout, message):
    with pytest.raises(ImageError, match=message):
        split_images(groups, settings, 1, holdout)
