"""Evaluations: the same errors with any number of workers, and what was predicted is not predicted again."""

import numpy as np
import pytest
from ase.build import bulk

from aiida_hezsp.engine import evaluate
from aiida_hezsp.potential import ImageSet, load_model
from aiida_hezsp.potential.scoring import errors_by_group, predict


@pytest.fixture(scope="module")
def images():
    """Seventy images of LiF, with stresses."""
    rng = np.random.default_rng(0)
    crystal = bulk("LiF", "rocksalt", a=4.05)
    return ImageSet.from_frames(
        symbols=["Li", "F"],
        cells=np.tile(crystal.cell.array, (70, 1, 1)),
        positions=crystal.positions + rng.normal(0, 0.1, (70, 2, 3)),
        energies=rng.normal(-9.5, 0.1, 70),
        forces=rng.normal(0, 1, (70, 2, 3)),
        stresses=rng.normal(0, 1, (70, 3, 3)),
        group="LiF",
        source="r0",
        engine="standin emt",
    )


@pytest.mark.parametrize("workers", [1, 2])
def test_errors_are_those_of_all_images_at_once(folder, images, workers):
    images.save(folder.path / "images.npz")
    folder.write(job="evaluate", model="0.3.0", workers=workers)
    assert folder.call("evaluate") == 0
    expected = errors_by_group(images, predict(load_model("0.3.0"), images))
    assert folder.output["workers"] == workers
    for group, metrics in folder.output["metrics"].items():
        for name, value in metrics.items():
            wanted = expected[group][name]
            assert value == (pytest.approx(wanted, rel=1e-4) if isinstance(wanted, float) else wanted), name
    with np.load(folder.path / "predictions.npz", allow_pickle=False) as arrays:
        assert arrays["predicted_forces"].shape == (140, 3)
        np.testing.assert_array_equal(arrays["reference_energies"], images.energies_per_atom)


def test_a_killed_evaluation_keeps_what_it_had_predicted(folder, images, monkeypatch):
    images.save(folder.path / "images.npz")
    folder.write(job="evaluate", model="0.3.0")
    predicted = []

    def until_killed(self, label, payload, speak):
        if len(predicted) == 2:
            raise KeyboardInterrupt
        predicted.append(label)
        return original(self, label, payload, speak)

    original = evaluate.EvaluateTask.__call__
    monkeypatch.setattr(evaluate.EvaluateTask, "__call__", until_killed)
    with pytest.raises(KeyboardInterrupt):
        folder.call("evaluate")
    assert not (folder.path / "predictions.npz").exists()
    monkeypatch.setattr(evaluate.EvaluateTask, "__call__", original)
    made = {path: path.stat().st_mtime_ns for path in (folder.path / "restart").glob("*.npz")}
    assert folder.call("evaluate") == 0
    assert len(made) == 2
    assert all(path.stat().st_mtime_ns == time for path, time in made.items())
    whole = errors_by_group(images, predict(load_model("0.3.0"), images))["all"]
    assert folder.output["metrics"]["all"]["force_mae"] == pytest.approx(whole["force_mae"], rel=1e-4)
