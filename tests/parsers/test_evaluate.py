"""Evaluations: errors in the results, predictions in arrays that agree with them."""

import numpy as np
import pytest


def test_predictions_give_the_errors_reported(job, parse, image_set):
    status, _, outputs = parse("evaluate", job("evaluate"))
    assert status == 0
    predictions, metrics = outputs["predictions"], outputs["results"]["metrics"]["all"]
    force_error = np.abs(predictions.get_array("predicted_forces") - image_set.forces).mean() * 1000
    energy_error = np.abs(predictions.get_array("predicted_energies") - image_set.energies_per_atom).mean() * 1000
    assert metrics["force_mae"] == pytest.approx(force_error, rel=1e-6)
    assert metrics["energy_mae"] == pytest.approx(energy_error, rel=1e-6)
    assert metrics["magmom_mae"] is None
    assert metrics["n_images"] == len(image_set)


@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_damaged_predictions(copy_of, parse, damage):
    path = copy_of("evaluate") / "predictions.npz"
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-100])
    assert parse("evaluate", path.parent)[0] == 311
