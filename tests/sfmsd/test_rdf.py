"""First peaks against a fine histogram, smeared as vasppy does it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d
from scipy.signal import argrelmax

from aiida_hezsp.errors import StructureError
from aiida_hezsp.sfmsd import first_peak
from aiida_hezsp.sfmsd.rdf import smeared_rdf


def shells(seed, first=2.05):
    """Return distances like those around a cation: six near ones, many beyond 3.4 A."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(first, 0.08, 96), 3.4 + 2.6 * rng.random(600) ** 0.5])


def histogram_peak(distances, sigma, step):
    """Return the first maximum of pairs over shell volumes, smeared over bins of a width: vasppy's way."""
    edges = np.arange(0.0, 8.0 + step, step)
    counts, edges = np.histogram(distances, bins=edges)
    rdf = counts / (4.0 / 3.0 * np.pi * np.diff(edges**3))
    smeared = gaussian_filter1d(rdf, sigma / step, truncate=8.0)
    centres = 0.5 * (edges[1:] + edges[:-1])
    return centres[argrelmax(np.where(centres > 0.5, smeared, 0.0))[0][0]]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sigma", [0.1, 0.5])
def test_agrees_with_a_fine_histogram(seed, sigma):
    distances = shells(seed)
    assert first_peak(distances, sigma) == pytest.approx(histogram_peak(distances, sigma, 0.0005), abs=0.001)


def test_is_the_maximum_of_the_curve():
    distances = shells(1)
    peak = first_peak(distances)
    around = smeared_rdf(distances, peak + np.array([-1e-3, 0.0, 1e-3]), 0.5)
    assert around[1] > around[0]
    assert around[1] > around[2]


@given(shift=st.floats(-1e-4, 1e-4))
def test_is_not_quantised(shift):
    # All distances longer by a millionth of the way to the next bin: the peak follows, smoothly.
    base = np.array([2.0, 2.0, 2.1, 2.2])
    expected = first_peak(base, 0.3)
    assert first_peak(base * (1.0 + shift), 0.3 * (1.0 + shift)) == pytest.approx(expected * (1.0 + shift), abs=5e-9)


def test_one_distance_peaks_there():
    # A single delta function, smeared, has its maximum where it was.
    assert first_peak([1.9, 1.9], 0.5) == pytest.approx(1.9, abs=1e-8)


def test_nothing_near_zero_is_a_peak():
    # Narrow kernels leave nothing but rounding below 1.5 A: a maximum in that noise must not be taken.
    assert first_peak(shells(2), 0.02) > 1.7


def test_near_neighbours_weigh_more():
    # Two shells of equal count: 1/d^2 pulls the merged peak towards the nearer one.
    assert first_peak([2.0, 2.4], 0.5) < 2.2


@pytest.mark.parametrize(
    ("distances", "message"), [([], "needs pairs"), ([0.0, 2.0], "positive"), ([5.0, 5.2], "no maximum below 4 A")]
)
def test_what_has_no_peak(distances, message):
    with pytest.raises(StructureError, match=message):
        first_peak(distances)
