"""From runs to the Arrhenius law: the paper's own figures, and laws planted in random walks."""

from dataclasses import asdict

import numpy as np
import pytest

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.transport import diffusion_posterior, nernst_einstein
from aiida_hezsp.transport.summary import summarise_transport

K_B = 8.617333262e-5
TEMPERATURES = (900.0, 1000.0, 1200.0)
# SCIENCE, section 5: LZHSTNSP has 21 Li in about 2080 A^3, E_a 0.24 eV, 4.53 mS/cm and D = 7.24e-8 cm^2/s at 300 K.
ENERGY, ROOM_D, N_MOBILE, VOLUME, SIGMA = 0.24, 7.24e-8, 21, 2080.0, 4.53


def law(temperature):
    return ROOM_D * np.exp(ENERGY / K_B * (1 / 300.0 - 1 / temperature))


def run(temperature, diffusion=None, **changes):
    d = law(temperature)
    return {
        "msd": 6 * d * 10 * 50_000,
        "msd_error": 14.0,
        "diffusion_coefficient": d,
        "diffusion_coefficient_error": 0.1 * d,
        "diffusion": {"value": d, "error": 0.05 * d} if diffusion is None else diffusion,
        "n_mobile": N_MOBILE,
        "volume": VOLUME,
        "length_ps": 100.0,
    } | changes


def walked(temperature, seed, frames=51, length=100_000.0):
    """A run of ideal walkers with the law's diffusion coefficient, measured by kinisi."""
    step = length / (frames - 1)
    scale = np.sqrt(2 * law(temperature) * 10 * step)
    walk = (
        np.random.default_rng([seed, int(temperature)]).normal(scale=scale, size=(frames, N_MOBILE, 3)).cumsum(axis=0)
    )
    return run(temperature, asdict(diffusion_posterior(walk, np.arange(frames) * step, seed=seed)))


def test_the_papers_figures_agree_with_each_other():
    found = summarise_transport({temperature: run(temperature) for temperature in TEMPERATURES})
    assert found["temperatures"] == list(TEMPERATURES)
    assert found["diffusivities"][1] == pytest.approx(4.81e-5, rel=5e-3)
    assert found["msd"][1] == pytest.approx(144.0, abs=1.0)
    assert found["conductivities"][1] == pytest.approx(nernst_einstein(law(1000.0), N_MOBILE, VOLUME, 1000.0))
    assert found["conductivity_errors"][1] == pytest.approx(0.05 * found["conductivities"][1])
    assert found["methods"] == ["kinisi"] * 3
    arrhenius = found["arrhenius"]
    assert arrhenius["activation_energy"] == pytest.approx(ENERGY, abs=1e-9)
    assert arrhenius["conductivity"] == pytest.approx(SIGMA, rel=5e-3)
    assert arrhenius["diffusivity"] == pytest.approx(ROOM_D, rel=1e-6)
    relative = arrhenius["conductivity_error"] / arrhenius["conductivity"]
    assert relative == pytest.approx(arrhenius["diffusivity_error"] / arrhenius["diffusivity"])
    assert arrhenius["conductivity_high"] == pytest.approx(arrhenius["conductivity"] * np.exp(relative))
    assert arrhenius["conductivity_low"] == pytest.approx(arrhenius["conductivity"] * np.exp(-relative))


def test_a_law_planted_in_random_walks_is_found_within_its_errors():
    """Six experiments, each three runs of 100 ps with 21 walkers: energy and sigma(300 K) with their errors."""
    experiments = [summarise_transport({t: walked(t, seed) for t in TEMPERATURES})["arrhenius"] for seed in range(6)]
    away = [abs(found["activation_energy"] - ENERGY) / found["activation_energy_error"] for found in experiments]
    assert max(away) < 3
    assert sorted(away)[3] < 1.2  # four of six are closer than that: errors are not too small
    assert max(found["activation_energy_error"] for found in experiments) < 0.06
    logs = [np.log(found["conductivity"] / SIGMA) for found in experiments]
    errors = [found["conductivity_error"] / found["conductivity"] for found in experiments]
    assert max(abs(log) / error for log, error in zip(logs, errors, strict=True)) < 3


def test_short_runs_have_the_slope_in_the_window():
    short = run(1000.0) | {"diffusion": None}
    found = summarise_transport({1000.0: short})
    assert found["methods"] == ["window"]
    assert found["diffusivity_errors"][0] == pytest.approx(0.1 * law(1000.0))
    assert found["arrhenius"] is None  # one temperature has no law


def test_runs_that_say_nothing_take_no_part():
    resting = run(900.0) | {"diffusion": None, "diffusion_coefficient": -1e-9}
    found = summarise_transport({900.0: resting, 1000.0: run(1000.0), 1200.0: run(1200.0)})
    assert found["diffusivities"][0] is found["conductivities"][0] is found["conductivity_errors"][0] is None
    assert found["arrhenius"]["activation_energy"] == pytest.approx(ENERGY)
    assert summarise_transport({900.0: resting, 1000.0: run(1000.0)})["arrhenius"] is None


@pytest.mark.parametrize(
    ("value", "error"), [(-1e-6, 1e-6), (0.0, 1e-6), (1e-6, 0.0), (float("nan"), 1e-6), (1e-6, float("inf"))]
)
def test_what_kinisi_cannot_tell_is_the_slope_in_the_window(value, error):
    found = summarise_transport({1000.0: run(1000.0, {"value": value, "error": error}), 1200.0: run(1200.0)})
    assert found["methods"] == ["window", "kinisi"]
    assert found["diffusivities"][0] == pytest.approx(law(1000.0))
    assert found["arrhenius"]["activation_energy"] == pytest.approx(ENERGY)
    resting = run(1000.0, {"value": value, "error": error}, diffusion_coefficient=float("nan"))
    assert summarise_transport({1000.0: resting})["methods"] == [None]


def test_charge_counts_twice():
    single, double = (summarise_transport({1000.0: run(1000.0)}, charge=z) for z in (1.0, 2.0))
    assert double["conductivities"][0] == pytest.approx(4 * single["conductivities"][0])


def test_no_run():
    with pytest.raises(TrajectoryError, match="no MD run"):
        summarise_transport({})
