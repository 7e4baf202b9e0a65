"""The feature space, against numbers and a plain enumeration of our own."""

import itertools

import numpy as np

from aiida_hezsp.sfmsd.sisso.cost import feature_counts
from aiida_hezsp.sfmsd.sisso.duplicates import first_of_equals
from aiida_hezsp.sfmsd.sisso.operators import OPERATORS, PAPER_OPERATORS
from aiida_hezsp.sfmsd.sisso.screening import Pool, centred_unit, screen
from aiida_hezsp.sfmsd.sisso.space import FeatureSpace

LIMITS = (1e-3, 1e5)


def quiet(*_):
    """Tell nobody."""


def test_counts_of_the_papers_operators():
    """17, 782, 71e3, 8.0e6, 1.0e9: the counts of 17 inputs, before equal features are dropped."""
    assert feature_counts(17, 4, PAPER_OPERATORS) == (17, 782, 71_162, 8_002_597, 1_006_479_747)


def plain(x, complexity):
    """Return the distinct features of each complexity, by rounded values; slow, and written another way."""
    levels = [{tuple(np.round(column, 9)): column for column in x.T}]
    seen = set(levels[0])
    for level in range(1, complexity + 1):
        made = []
        with np.errstate(all="ignore"):
            for op in (OPERATORS[name] for name in PAPER_OPERATORS):
                if op.arity == 1:
                    made += [op.apply(a) for a in levels[level - 1].values()]
                    continue
                turn = op.name == "-"
                for low, high in ((i, level - 1 - i) for i in range(level)):
                    pairs = itertools.product(levels[low].values(), levels[high].values())
                    children = [op.apply(a, b) for a, b in pairs if a is not b]
                    made += [-values if turn and values.sum() < 0.0 else values for values in children]
        new = {}
        for values in made:
            key = tuple(np.round(values, 9))
            if np.isfinite(values).all() and np.ptp(values) > 1e-9 and key not in seen:
                seen.add(key)
                new[key] = values
        levels.append(new)
    return [len(level) for level in levels]


def test_kept_features_are_those_of_a_plain_enumeration():
    x = np.random.default_rng(3).uniform(0.5, 2.5, size=(12, 3))
    space = FeatureSpace(x, 3, PAPER_OPERATORS, None, kept=2)
    found = [len(level) for level in space.levels]
    by_hand = plain(x, 2)
    assert found == by_hand
    assert found[2] < feature_counts(3, 2, PAPER_OPERATORS)[2]
    for complexity, level in enumerate(space.levels):
        for i in range(0, len(level), 7):
            assert level.expression(i).complexity == complexity
            np.testing.assert_allclose(level.expression(i).evaluate(x), level.values[i], rtol=1e-12)


def top(x, residual, complexity, kept, size=10):
    space = FeatureSpace(x, complexity, PAPER_OPERATORS, None, kept=kept)
    pool = Pool(size, np.empty((0, len(x))), 1.0 - 1e-8)
    screen(space, pool, centred_unit(residual)[None], LIMITS, quiet)
    return space, pool


def test_what_is_streamed_is_what_would_be_kept():
    """Levels in memory or made on the fly: the same features come out first."""
    rng = np.random.default_rng(5)
    x, residual = rng.uniform(0.5, 2.5, size=(15, 3)), rng.normal(size=15)
    _, kept = top(x, residual, 3, kept=2)
    _, streamed = top(x, residual, 3, kept=1)
    np.testing.assert_allclose(
        [member.score for member in kept.members], [member.score for member in streamed.members], rtol=1e-9
    )


def test_screening_finds_the_best_of_all_kept_features():
    rng = np.random.default_rng(6)
    x, residual = rng.uniform(0.5, 2.5, size=(15, 3)), rng.normal(size=15)
    _, pool = top(x, residual, 2, kept=1, size=5)
    every = FeatureSpace(x, 3, PAPER_OPERATORS, None, kept=2)
    values = np.concatenate([level.values for level in every.levels])
    peaks = np.abs(values).max(axis=1)
    values = values[(peaks >= LIMITS[0]) & (peaks <= LIMITS[1])]
    scores = np.array([abs(np.corrcoef(row, residual)[0, 1]) for row in values])
    chosen = []
    for i in np.argsort(-scores):
        if all(abs(np.corrcoef(values[i], values[j])[0, 1]) < 1.0 - 1e-8 for j in chosen):
            chosen.append(i)
        if len(chosen) == 5:
            break
    np.testing.assert_allclose([member.score for member in pool.members], scores[chosen], rtol=1e-9)


def test_units_keep_angstrom_and_degrees_apart():
    x = np.random.default_rng(1).uniform(1.0, 2.0, size=(10, 3))
    free = FeatureSpace(x, 2, PAPER_OPERATORS, None, kept=1)
    strict = FeatureSpace(x, 2, PAPER_OPERATORS, ("A", "A", "deg"), kept=1)
    names = ["p", "q", "angle"]
    texts = {strict.levels[1].expression(i).text(names) for i in range(len(strict.levels[1]))}
    assert "p + q" in texts
    assert not [text for text in texts if "exp" in text or "log" in text or "sin" in text]
    assert not [text for text in texts if "angle" in text and ("+" in text or "-" in text)]
    assert len(strict.levels[1]) < len(free.levels[1])


def test_first_of_equals():
    rows = np.random.default_rng(0).normal(size=(6, 8))
    rows[3], rows[5] = rows[1], rows[0] * (1.0 + 1e-13)
    assert first_of_equals([rows[:2], rows[2:]]).tolist() == [True, True, True, False, True, False]


def test_constants_and_undefined_features_are_none():
    x = np.array([[1.0, 2.0, 5.0], [-1.0, 3.0, 5.0], [2.0, 4.0, 5.0], [0.0, 5.0, 5.0]])
    space = FeatureSpace(x, 2, PAPER_OPERATORS, None, kept=1)
    texts = {space.levels[1].expression(i).text("abc") for i in range(len(space.levels[1]))}
    assert len(space.levels[0]) == 2
    assert "log(b)" in texts
    assert not texts & {"log(a)", "1 / a", "b / a"}
