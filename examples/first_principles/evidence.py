"""What fine-tuning on first-principles labels gives: errors before and after, split by image and by composition.

    python evidence.py --labels labels_1.extxyz --out result_1

Two questions, two kinds of split:

- by image, as the paper does it: 60 % of the images train, 20 % choose the best epoch, 20 % test; images of one
  composition sit on both sides;
- by composition: the compositions are dealt into `--folds` parts; each part is kept out of a training of its own, so
  that every composition is tested by a model that never saw it. Of the images of the others 90 % train and 10 % choose
  the best epoch.

Writes `<out>.json` (MAE and RMSE, settings, versions), `<out>_images.png` and `<out>_compositions.png` (parity), and
`<out>.safetensors`, the model of a last training on all compositions; with `--only-model` nothing but the model. The
trainings run in `--workers` processes of OMP_NUM_THREADS threads each. An interrupted run goes on: finished trainings
and the checkpoints of others are kept in `<out>.work/`.

Every composition has a dopant that no other has. If it is kept out, the energy reference of that element is not known,
before and after: energies of unseen compositions are compared after the mean difference of each composition is taken
away. Forces need no such care.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from aiida_hezsp.errors import ImageError
from aiida_hezsp.potential import FinetuneSettings, ImageSet, finetune, load_model, read_extxyz, save_model
from aiida_hezsp.potential.arrays import read_npz, write_npz
from aiida_hezsp.potential.finetune_settings import LossWeights, SplitSettings

WEIGHTS = LossWeights(energy=1.0, forces=1.0, stress=0.0, magmoms=0.1)
MOST = SplitSettings(train=0.9, validation=0.1, test=0.0)
HOST_CATION = "Zr"  # of LZSP; every composition of the spaces to be screened holds it
MOMENTS = ("reference", "before", "after")
QUANTITIES = {"energy": ("energies", "meV/atom"), "force": ("forces", "meV/A")}


def main(arguments: list[str] | None = None) -> None:
    """Train, measure, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model", default="0.3.0", help="to start from (default 0.3.0)")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch-size", type=int, default=2)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="trainings at once (default 2)")
    parser.add_argument("--only-model", action="store_true", help="train on all compositions and measure nothing")
    options = parser.parse_args(arguments)
    images = load_labels(options.labels)
    work = options.out.with_suffix(".work")
    work.mkdir(parents=True, exist_ok=True)
    by_image = FinetuneSettings(
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        weights=WEIGHTS,
        seed=options.seed,
        restart_every=5,
    )
    on_most = replace(by_image, split=MOST)
    parts = folds(images.groups, options.folds, options.seed)
    wanted = {"model": on_most}
    if not options.only_model:
        wanted |= {f"fold_{number}": replace(on_most, holdout=tuple(part)) for number, part in enumerate(parts)}
        wanted["images"] = by_image
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        jobs = {
            name: pool.submit(
                trained, options.model, images, settings, work / name,
                options.out.with_suffix(".safetensors") if name == "model" else None,
            )
            for name, settings in wanted.items()
        }  # fmt: skip
        runs = {name: job.result() for name, job in jobs.items()}
    if options.only_model:
        return
    pooled = {
        "test images": pooled_images([runs["images"]], "test"),
        "unseen compositions": aligned(pooled_images([runs[f"fold_{n}"] for n in range(len(parts))], "unseen")),
    }
    report(options, images, pooled, parts)


def load_labels(paths: Sequence[Path]) -> ImageSet:
    """Return the labelled images of one or more files of `label.py`."""
    return ImageSet.concatenate([read_extxyz(path) for path in paths])


def folds(groups: np.ndarray, number: int, seed: int) -> list[list[str]]:
    """Deal the compositions into parts."""
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    return [sorted(part.tolist()) for part in np.array_split(names, number)]


def trained(
    start: str, images: ImageSet, settings: FinetuneSettings, folder: Path, keep: Path | None = None
) -> dict[str, np.ndarray]:
    """Fine-tune, or read what an earlier run with the same images and settings found: predictions, labels, splits."""
    folder = folder.with_name(f"{folder.name}_{fingerprint(start, images, settings)}")
    file = folder.with_suffix(".npz")
    names = (
        "split",
        "group",
        "n_atoms",
        *(f"{moment}_{name}" for moment in MOMENTS for name in ("energies", "forces")),
    )
    if file.exists():
        return read_npz(file, required=names, error=ImageError)

    def tell(stage: str, done: int, total: int, note: str) -> None:
        if (stage == "train" and done == total) or done % 20 == 0:
            print(f"{folder.name} {stage} {done}/{total} {note}", flush=True)

    result = finetune(load_model(start), images, settings, checkpoint=folder.with_suffix(".checkpoint"), report=tell)
    if keep is not None:
        save_model(keep, result.final, {"labels": sorted(set(images.engines.tolist())), "n_images": len(images)})
    split = np.full(len(images), "left out")
    for name, members in result.split.items():
        split[members] = name
    arrays = {"split": split, "group": images.groups, "n_atoms": images.n_atoms}
    for moment, found in (("before", result.predictions["before"]), ("after", result.predictions["after"])):
        arrays |= {f"{moment}_energies": found.energies, f"{moment}_forces": found.forces}
    arrays |= {"reference_energies": images.energies_per_atom, "reference_forces": images.forces}
    write_npz(file, arrays)
    return arrays


def fingerprint(start: str, images: ImageSet, settings: FinetuneSettings) -> str:
    """Return what tells trainings apart: the start, the images and the settings."""
    said = json.dumps([start, images.sources.tolist(), asdict(settings)], sort_keys=True)
    return hashlib.sha256(said.encode() + images.forces.tobytes()).hexdigest()[:12]


def pooled_images(runs: Sequence[dict[str, np.ndarray]], split: str) -> dict[str, np.ndarray]:
    """Return the images of one split of several trainings, as arrays of one set."""
    parts: dict[str, list[np.ndarray]] = {}
    for run in runs:
        chosen = run["split"] == split
        atoms = np.repeat(chosen, run["n_atoms"])
        for name, values in run.items():
            parts.setdefault(name, []).append(values[atoms if name.endswith("forces") else chosen])
    return {name: np.concatenate(values) for name, values in parts.items()}


def aligned(pooled: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the same with energies whose mean difference from the labels is zero in every composition."""
    moved = dict(pooled)
    for moment in ("before", "after"):
        energies = pooled[f"{moment}_energies"].copy()
        for group in np.unique(pooled["group"]):
            members = pooled["group"] == group
            energies[members] -= (energies - pooled["reference_energies"])[members].mean()
        moved[f"{moment}_energies"] = energies
    return moved


def of_groups(pooled: dict[str, np.ndarray], wanted: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the images of some compositions, as arrays of one set."""
    chosen = np.isin(pooled["group"], list(wanted))
    atoms = np.repeat(chosen, pooled["n_atoms"])
    return {name: values[atoms if name.endswith("forces") else chosen] for name, values in pooled.items()}


def errors(pooled: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Return MAE and RMSE before and after, in meV/atom and meV/A."""
    found: dict[str, dict[str, float]] = {}
    for quantity, (name, _) in QUANTITIES.items():
        for moment in ("before", "after"):
            difference = 1e3 * (pooled[f"{moment}_{name}"] - pooled[f"reference_{name}"])
            found[f"{quantity} {moment}"] = {
                "mae": float(np.abs(difference).mean()),
                "rmse": float(np.sqrt((difference**2).mean())),
            }
    return found


def report(options: Any, images: ImageSet, pooled: dict[str, dict[str, np.ndarray]], parts: list[list[str]]) -> None:
    """Write the numbers and the figures."""
    from aiida_hezsp.report.parity import parity_figure
    from aiida_hezsp.report.style import settle, styled

    unseen = pooled["unseen compositions"]
    groups = np.unique(unseen["group"]).tolist()
    with_host = [name for name in groups if HOST_CATION in name]
    tested = pooled | {
        f"unseen, with {HOST_CATION}": of_groups(unseen, with_host),
        f"unseen, without {HOST_CATION}": of_groups(unseen, sorted(set(groups) - set(with_host))),
    }
    found = {title: {"n_images": len(arrays["split"]), **errors(arrays)} for title, arrays in tested.items()}
    document = {
        "errors": found,
        "unseen compositions": {name: errors(of_groups(unseen, [name])) for name in groups},
        "units": {quantity: unit for quantity, (_, unit) in QUANTITIES.items()},
        "n_images": len(images),
        "n_compositions": len(np.unique(images.groups)),
        "folds": parts,
        "settings": {key: str(value) if isinstance(value, Path) else value for key, value in vars(options).items()
                     if key not in {"labels", "out", "workers", "only_model"}} | {"weights": asdict(WEIGHTS)},
        "labels": sorted(set(images.engines.tolist())),
        "versions": {name: version(name) for name in ("aiida-hezsp", "chgnet", "torch", "gpaw", "numpy")},
    }  # fmt: skip
    text = json.dumps(document, indent=1)
    options.out.with_suffix(".json").write_text(text + "\n", encoding="utf8")
    print(text)
    for title, arrays in pooled.items():
        with styled():
            figure = parity_figure(arrays, f"CHGNet and GPAW (PBE): {title}", standin=False)
            settle(figure)
            figure.savefig(options.out.with_name(f"{options.out.name}_{title.split()[1]}.png"))


if __name__ == "__main__":
    sys.exit(main())
