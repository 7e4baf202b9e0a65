import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiida_hezsp.errors import ImageError, TrajectoryError
from aiida_hezsp.potential.selection import (
    energy_outliers,
    relaxation_image_indices,
    transition_counts,
    transition_image_indices,
)


@given(n=st.integers(1, 200), head=st.integers(0, 12), tail=st.integers(1, 50), seed=st.integers(0, 9))
def test_relaxation_images(n, head, tail, seed):
    chosen = relaxation_image_indices(n, head, tail, seed)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(n, head + tail)
    assert chosen[: min(head, n)] == list(range(min(head, n)))
    assert all(0 <= index < n for index in chosen)
    assert chosen == relaxation_image_indices(n, head, tail, seed)


def test_later_images_are_random():
    draws = {tuple(relaxation_image_indices(300, seed=seed)) for seed in range(5)}
    assert len(draws) == 5
    assert len(next(iter(draws))) == 50


def test_relaxation_images_need_sense():
    with pytest.raises(ImageError, match="cannot be selected"):
        relaxation_image_indices(0)
    with pytest.raises(ImageError, match="cannot be selected"):
        relaxation_image_indices(5, head=0, tail=0)


def naive_counts(positions, cell, sites, cutoff):
    """All images within five cells, one distance after the other."""
    reach = range(-5, 6)
    shifts = [np.array([a, b, c]) @ cell for a in reach for b in reach for c in reach]
    counts = []
    for frame in positions:
        moving = 0
        for ion in frame:
            nearest = min(np.linalg.norm(ion - site - shift) for site in sites for shift in shifts)
            moving += nearest > cutoff
        counts.append(moving)
    return counts


@pytest.mark.parametrize(
    "cell",
    [
        np.diag([7.0, 8.0, 9.0]),
        np.array([[7.0, 0, 0], [5.5, 5.0, 0], [-3.0, 4.0, 6.0]]),  # strongly skewed
        np.array([[2.5, 0, 0], [0, 9.0, 0], [1.0, 1.0, 12.0]]),  # thinner than twice the cutoff
    ],
    ids=["orthorhombic", "skewed", "thin"],
)
def test_transition_counts_agree_with_a_naive_loop(cell):
    rng = np.random.default_rng(1)
    sites = rng.random((2, 3)) @ cell
    positions = (rng.random((3, 4, 3)) * 2 - 0.5) @ cell
    counts = transition_counts(positions, cell, sites, 2.5)
    assert counts.tolist() == naive_counts(positions, cell, sites, 2.5)


def test_transition_counts_of_unwrapped_ions_and_of_many_frames(monkeypatch):
    cell, sites = np.diag([10.0, 10.0, 10.0]), np.array([[1.0, 1.0, 1.0]])
    at_home, away = np.array([1.0, 1.0, 1.0]), np.array([1.0, 1.0, 3.6])
    positions = np.array([[at_home + np.array([30, -20, 10])], [away], [at_home]])
    assert transition_counts(positions, cell, sites).tolist() == [0, 1, 0]
    assert transition_counts(np.tile(positions, (2000, 1, 1)), cell, sites).sum() == 2000


def test_transition_images_are_the_richest_in_order_of_time():
    counts = [0, 3, 1, 5, 5, 2, 3]
    assert transition_image_indices(counts, 2) == [3, 4]
    assert transition_image_indices(counts, 4) == [1, 3, 4, 6]
    assert transition_image_indices(counts, 100) == list(range(7))
    with pytest.raises(TrajectoryError):
        transition_image_indices([], 3)


@given(counts=st.lists(st.integers(0, 3), min_size=1, max_size=60), n=st.integers(1, 70))
def test_transition_images_have_the_largest_counts(counts, n):
    chosen = transition_image_indices(counts, n)
    assert chosen == sorted(set(chosen))
    assert sorted((counts[index] for index in chosen), reverse=True) == sorted(counts, reverse=True)[:n]


def test_of_equal_frames_some_are_spread_over_the_run():
    assert transition_image_indices([0] * 21, 2) == [10, 20]


def test_bad_shapes_are_refused():
    with pytest.raises(TrajectoryError, match="are needed"):
        transition_counts(np.zeros((3, 3)), np.eye(3), np.zeros((1, 3)))
    with pytest.raises(TrajectoryError, match="volume"):
        transition_counts(np.zeros((1, 1, 3)), np.zeros((3, 3)), np.zeros((1, 3)))


def test_energy_outliers_are_judged_within_their_composition():
    rng = np.random.default_rng(0)
    energies = np.concatenate([-8 + rng.normal(0, 0.01, 20), -5 + rng.normal(0, 0.01, 20)])
    groups = np.array(["a"] * 20 + ["b"] * 20)
    energies[[3, 30]] += [0.5, 3.0]
    energies[7] -= 4  # low energies are not abnormal
    assert np.flatnonzero(energy_outliers(energies, groups, 0.2)).tolist() == [3, 30]
    with pytest.raises(ImageError, match="positive"):
        energy_outliers(energies, groups, 0)
    with pytest.raises(ImageError, match="one length"):
        energy_outliers(energies, groups[:-1], 0.2)
