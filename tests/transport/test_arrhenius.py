"""Arrhenius fits against planted laws, scipy's regressions, and the paper's own figures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit
from scipy.stats import linregress

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.transport import fit_arrhenius

K_B = 8.617333262e-5
TEMPERATURES = np.array([700.0, 800.0, 900.0, 1000.0, 1200.0])


def law(temperatures, energy, prefactor):
    return prefactor * np.exp(-energy / (K_B * np.asarray(temperatures)))


@given(energy=st.floats(0.01, 1.5), log_prefactor=st.floats(-10, 0))
def test_planted_law_is_recovered(energy, log_prefactor):
    fit = fit_arrhenius(TEMPERATURES, law(TEMPERATURES, energy, np.exp(log_prefactor)))
    assert fit.activation_energy == pytest.approx(energy, abs=1e-8)
    assert fit.diffusivity(300.0) == pytest.approx(law(300.0, energy, np.exp(log_prefactor)), rel=1e-5)
    assert fit.activation_energy_error < 1e-6


def test_without_errors_it_is_linear_regression():
    d = law(TEMPERATURES, 0.3, 1e-3) * np.array([1.1, 0.9, 1.05, 0.97, 1.02])
    fit = fit_arrhenius(TEMPERATURES, d)
    reference = linregress(-1.0 / (K_B * TEMPERATURES), np.log(d))
    assert fit.activation_energy == pytest.approx(reference.slope, rel=1e-7)
    assert fit.activation_energy_error == pytest.approx(reference.stderr, rel=1e-7)
    assert fit.ln_prefactor == pytest.approx(reference.intercept, rel=1e-7)


def test_with_errors_it_is_the_weighted_fit():
    d = law(TEMPERATURES, 0.3, 1e-3) * np.array([1.1, 0.9, 1.05, 0.97, 1.02])
    errors = d * np.array([0.3, 0.2, 0.1, 0.1, 0.05])
    fit = fit_arrhenius(TEMPERATURES, d, errors)
    x = -1.0 / (K_B * TEMPERATURES)
    best, covariance = curve_fit(
        lambda v, a, b: a + b * v, x, np.log(d), p0=[-7, 0.3], sigma=errors / d, absolute_sigma=True
    )
    np.testing.assert_allclose([fit.ln_prefactor, fit.activation_energy], best, rtol=1e-6)
    np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-5)


def test_errors_cover_repeated_experiments():
    rng = np.random.default_rng(1)
    exact = law(TEMPERATURES, 0.25, 1e-3)
    fits = [fit_arrhenius(TEMPERATURES, exact * np.exp(rng.normal(scale=0.1, size=5)), 0.1 * exact) for _ in range(400)]
    energies = np.array([fit.activation_energy for fit in fits])
    assert energies.mean() == pytest.approx(0.25, abs=0.002)
    assert fits[0].activation_energy_error == pytest.approx(energies.std(), rel=0.15)
    extrapolated = np.log([fit.diffusivity(300.0) for fit in fits])
    assert fits[0].relative_error(300.0) == pytest.approx(extrapolated.std(), rel=0.15)
    assert fits[0].diffusivity_error(300.0) == pytest.approx(fits[0].relative_error(300.0) * fits[0].diffusivity(300.0))


def test_consistency_of_the_papers_figures():
    # SCIENCE, section 5: D(300 K) = 7.24e-8 cm^2/s and E_a = 0.24 eV give D(1000 K) = 4.81e-5 cm^2/s,
    # MSD(50 ps) = 144 A^2, and (21 Li in 2080 A^3) 4.53 mS/cm at 300 K.
    prefactor = 7.24e-8 / law(300.0, 0.24, 1.0)
    fit = fit_arrhenius(TEMPERATURES, law(TEMPERATURES, 0.24, prefactor))
    hot = fit.diffusivity(1000.0)
    assert hot == pytest.approx(4.81e-5, rel=5e-3)
    assert 6.0 * hot * 10.0 * 50_000.0 == pytest.approx(144.0, abs=1.0)
    assert fit.conductivity(300.0, n_ions=21, volume=2080.0) == pytest.approx(4.53, rel=5e-3)


def test_a_fit_of_bare_conductivity_would_be_wrong_by_a_factor_of_three():
    # Linearised about 1000 K, ln sigma without its T is too large at 300 K by (300/1000) exp(1000/300 - 1) = 3.09.
    near = np.array([980.0, 990.0, 1000.0, 1010.0, 1020.0])
    fit = fit_arrhenius(near, law(near, 0.24, 1e-3))
    sigma = [fit.conductivity(t, 21, 2080.0) for t in near]
    bare = np.exp(np.polyval(np.polyfit(1.0 / near, np.log(sigma), 1), 1.0 / 300.0))
    assert bare / fit.conductivity(300.0, 21, 2080.0) == pytest.approx(3.09, rel=0.01)


def test_two_temperatures_have_no_error():
    fit = fit_arrhenius([800.0, 1000.0], law([800.0, 1000.0], 0.4, 1e-3))
    assert fit.activation_energy == pytest.approx(0.4)
    assert fit.activation_energy_error is None
    assert fit.relative_error(300.0) is None
    assert fit.diffusivity_error(300.0) is None


def test_two_temperatures_with_errors_have_one():
    d = law([800.0, 1000.0], 0.4, 1e-3)
    expected = K_B * np.hypot(0.1, 0.1) / (1 / 800.0 - 1 / 1000.0)
    assert fit_arrhenius([800.0, 1000.0], d, 0.1 * d).activation_energy_error == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("temperatures", "diffusivities", "errors", "message"),
    [
        ([1000.0], [1e-5], None, "at least 2"),
        ([1000.0, 1000.0], [1e-5, 1e-5], None, "at least 2"),
        ([800.0, 1000.0], [1e-5], None, "one diffusivity for each"),
        ([800.0, 1000.0], [0.0, 1e-5], None, "positive"),
        ([800.0, 1000.0], [np.nan, 1e-5], None, "positive"),
        ([800.0, 1000.0], [1e-6, 1e-5], [1e-7], "error"),
        ([800.0, 1000.0], [1e-6, 1e-5], [1e-7, 0.0], "error"),
    ],
)
def test_what_is_no_law(temperatures, diffusivities, errors, message):
    with pytest.raises(TrajectoryError, match=message):
        fit_arrhenius(temperatures, diffusivities, errors)
