from dataclasses import replace

import numpy as np
import pytest

from aiida_hezsp.errors import ExplosionError
from aiida_hezsp.potential.metrics import errors_of, errors_of_splits
from aiida_hezsp.potential.prediction import Predictions


@pytest.fixture
def predicted(images):
    rng = np.random.default_rng(0)
    return Predictions(
        energies=images.energies_per_atom + np.where(images.groups == "NiO", 0.5, 0.0) + rng.normal(0, 0.01, 24),
        forces=images.forces + 0.1,
        stresses=images.stresses - 2.0,
        magmoms=np.nan_to_num(images.magmoms) + 0.25,
    )


def test_errors_by_hand(images, predicted):
    errors = errors_of(images, predicted)
    energy = 1000 * (predicted.energies - images.energies_per_atom)
    assert errors["n_images"] == 24
    assert errors["energy_mae"] == pytest.approx(np.abs(energy).mean())
    assert errors["energy_rmse"] == pytest.approx(np.sqrt((energy**2).mean()))
    assert errors["force_mae"] == pytest.approx(100.0)
    assert errors["force_rmse"] == pytest.approx(100.0)
    assert errors["stress_mae"] == pytest.approx(2.0)
    assert errors["magmom_mae"] == pytest.approx(0.25)
    assert errors["relative_energy_mae"] < 20 < errors["energy_mae"]


def test_splits_and_missing_labels(images, predicted):
    errors = errors_of_splits(images, predicted, {"train": [0, 1], "test": [20]})
    assert errors["train"]["magmom_mae"] is None
    assert errors["test"]["magmom_rmse"] == pytest.approx(0.25)
    assert errors["test"]["n_images"] == 1
    assert errors["test"]["energy_mae"] == pytest.approx(500, abs=50)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [("energies", np.nan, "energies"), ("forces", np.inf, "forces"), ("stresses", np.nan, "stresses"),
     ("magmoms", np.inf, "magmoms")],
)  # fmt: skip
def test_a_model_that_predicts_nothing_finite_has_no_errors_to_be_praised_for(images, predicted, name, value, words):
    """One value of the last image, whose moments are known."""
    wrong = getattr(predicted, name).copy()
    wrong[-1] = value
    broken = replace(predicted, **{name: wrong})
    with pytest.raises(ExplosionError, match=f"predicted {words} are not finite"):
        errors_of(images, broken)
    assert errors_of(images, broken, [0, 1])["n_images"] == 2  # not among the chosen


def test_what_was_not_computed_has_no_error(images, predicted):
    without = replace(
        predicted, stresses=np.full_like(predicted.stresses, np.nan), magmoms=np.full_like(predicted.magmoms, np.nan)
    )
    errors = errors_of(images, without)
    assert errors["stress_mae"] is errors["magmom_rmse"] is None
    assert errors["force_mae"] == pytest.approx(100.0)
    with pytest.raises(ExplosionError, match="energies"):
        errors_of(images, replace(without, energies=np.full(24, np.nan)))
