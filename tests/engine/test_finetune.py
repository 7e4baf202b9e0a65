import os
import re
import signal
import time
from itertools import chain

import numpy as np
import pytest
from ase import units

from aiida_hezsp.potential import FastCHGNetCalculator, ImageSet, load_model

SETTINGS = {
    "job": "finetune",
    "model": "0.3.0",
    "images": "images.npz",
    "epochs": 3,
    "batch_size": 3,
    "optimizer": "Adam",
    "threads": 1,
}


@pytest.fixture(scope="module")
def images():
    from ase.build import bulk

    rng = np.random.default_rng(0)
    calculator = FastCHGNetCalculator("r2scan", threads=1, always=("forces", "stress"))
    sets = []
    for label, crystal in {"LiF": bulk("LiF", "rocksalt", a=4.05), "MgO": bulk("MgO", "rocksalt", a=4.2)}.items():
        frames = [crystal.copy() for _ in range(6)]
        for atoms in frames:
            atoms.positions += rng.normal(0, 0.2, atoms.positions.shape)
            atoms.calc = calculator
        sets.append(
            ImageSet.from_frames(
                symbols=list(crystal.symbols),
                cells=[atoms.cell.array for atoms in frames],
                positions=[atoms.positions for atoms in frames],
                energies=[atoms.get_potential_energy() for atoms in frames],
                forces=[atoms.get_forces() for atoms in frames],
                stresses=[atoms.get_stress(voigt=False) / units.GPa for atoms in frames],
                group=label,
                source="run",
                engine="standin r2scan",
            )
        )
    return ImageSet.concatenate(sets)


def test_fine_tunes_and_evaluates(folder, images):
    images.save(folder.path / "images.npz")
    done = folder.write(**SETTINGS, holdout=["MgO"]).run("finetune")
    assert done.returncode == 0, done.stderr
    output = folder.output
    assert output["metrics"].keys() == {"before_raw", "before", "after_best", "after_final"}
    assert output["metrics"]["before"].keys() == {"train", "validation", "test", "unseen"}
    assert sorted(chain.from_iterable(output["split"].values())) == list(range(12))
    assert output["split"]["unseen"] == list(range(6, 12))
    assert output["metrics"]["before"]["train"]["magmom_mae"] is None
    assert len(output["history"]["train_loss"]) == len(output["history"]["validation_force_mae"]) == 3
    assert output["atomref"].keys() == {"Li", "F"}
    assert output["atomref_undetermined"] == ["O", "Mg"]
    assert 1 <= output["best_epoch"] <= 3
    lines = [line for line in done.stdout.splitlines() if line.startswith("finetune train")]
    assert lines[-1].startswith("finetune train 12/12 images")
    assert re.search(
        r"images/s 00:00:00 left, epoch 3 of 3, loss [\d.e-]+, validation force error \d+ meV/A", lines[-1]
    )
    with np.load(folder.path / "predictions.npz", allow_pickle=False) as archive:
        predictions = {name: archive[name] for name in archive.files}
    unseen = predictions["split"] == "unseen"
    assert unseen.tolist() == [False] * 6 + [True] * 6
    error = 1000 * np.abs(predictions["after_energies"] - predictions["reference_energies"])[unseen].mean()
    assert error == pytest.approx(output["metrics"]["after_best"]["unseen"]["energy_mae"])
    for name in ("final", "best"):
        load_model(folder.path / f"{name}.safetensors")

    folder.write(job="evaluate", model="best.safetensors", images="images.npz")
    assert folder.call("evaluate") == 0
    evaluated = folder.output["metrics"]
    assert evaluated.keys() == {"all", "LiF", "MgO"}
    wanted = output["metrics"]["after_best"]["unseen"]["force_mae"]
    assert evaluated["MgO"]["force_mae"] == pytest.approx(wanted, rel=1e-3)
    with np.load(folder.path / "predictions.npz", allow_pickle=False) as archive:
        np.testing.assert_allclose(archive["predicted_forces"], predictions["after_forces"], atol=2e-3)


def test_a_second_stage_starts_from_the_first_and_a_checkpoint_is_used(folder, images, capsys):
    images.save(folder.path / "images.npz")
    folder.write(**SETTINGS).call("finetune")
    first = folder.output
    capsys.readouterr()
    assert folder.call("finetune") == 0
    assert "finetune train" not in capsys.readouterr().out
    assert folder.output["history"] == first["history"]
    assert folder.output["final_sha256"] == first["final_sha256"]
    folder.write(**{**SETTINGS, "model": "final.safetensors", "epochs": 1})
    assert folder.call("finetune") == 1
    assert "belongs to another fine-tuning" in folder.output["error"]["message"]
    (folder.path / "checkpoint" / "checkpoint.safetensors").unlink()
    assert folder.call("finetune") == 0
    assert folder.output["model_sha256"] == first["final_sha256"]


def test_killed_twice_and_started_again_it_ends_with_the_same_weights(folder, images):
    """kill -9 of the real process, at the first checkpoint and some time after the next one begins."""
    images.save(folder.path / "images.npz")
    settings = {**SETTINGS, "epochs": 60, "optimizer": "RAdam", "restart_every": 2}
    folder.write(**settings)
    checkpoint = folder.path / "checkpoint" / "checkpoint.safetensors"
    for pause in (0.0, 0.35):
        process, before = folder.start("finetune"), _stamp(checkpoint)
        while process.poll() is None and _stamp(checkpoint) == before:
            time.sleep(0.01)
        time.sleep(pause)
        assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert not (folder.path / "output.json").exists()
    assert folder.call("finetune") == 0
    resumed = folder.output
    checkpoint.unlink()
    assert folder.call("finetune") == 0
    assert folder.output["final_sha256"] == resumed["final_sha256"]
    assert folder.output["best_sha256"] == resumed["best_sha256"]
    assert folder.output["history"] == resumed["history"]


def _stamp(path):
    """Return when a file was written."""
    return path.stat().st_mtime_ns if path.exists() else None


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        ({"images": "nothing.npz"}, "ERROR_INPUT", "nothing.npz is not in the folder"),
        ({"images": "broken.npz"}, "ERROR_IMAGES", "broken.npz is damaged"),
        ({"holdout": ["NaCl"]}, "ERROR_IMAGES", "holdout: no image belongs to NaCl"),
        ({"weights": {"energy": -1}}, "ERROR_INPUT", "weights.energy: Input should be greater than or equal to 0"),
        ({"split": {"by": "element"}}, "ERROR_INPUT", "split.by: Input should be 'image' or 'composition'"),
        ({"epochs": 0}, "ERROR_INPUT", "epochs: Input should be greater than or equal to 1"),
    ],
)
def test_wrong_input(folder, images, settings, code, message):
    images.save(folder.path / "images.npz")
    (folder.path / "broken.npz").write_bytes(b"PK")
    folder.write(**{**SETTINGS, **settings})
    assert folder.call("finetune") == 1
    error = folder.output["error"]
    assert (error["code"], message in error["message"]) == (code, True), error
