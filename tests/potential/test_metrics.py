import numpy as np
import pytest

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
