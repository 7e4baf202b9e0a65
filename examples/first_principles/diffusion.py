"""MD of pristine LZSP and of LZHSTNSP, 160 atoms, 1000 K: what the fine-tuned model changes.

    python diffusion.py --models 0.3.0 model.safetensors --out diffusion

Each composition is decorated once (seed 1), relaxed with its cell by each model and run by the same model; one process
of one thread a run, two at once. Writes `<out>.json` (D by kinisi and from the slope of the MSD, relaxed volumes,
settings, versions) and `<out>.png`. An interrupted run goes on: restart points and trajectories are in `<out>.work/`.
"""

import argparse
import hashlib
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.potential import MdSettings
from aiida_hezsp.potential.arrays import read_npz, write_npz
from aiida_hezsp.transport import (
    diffusion_coefficient,
    diffusion_error,
    diffusion_posterior,
    mean_squared_displacement,
    msd_target,
)

COMPOSITIONS = {"LZSP": "Li3Zr2Si2PO12", "LZHSTNSP": "Li2.625Zr0.5Hf0.375Sn0.375Ti0.375Nb0.375Si2PO12"}
PAPER = {"LZSP": 1.6e-5, "LZHSTNSP": 4.8e-5}  # cm^2/s, implied by its activation energies and conductivities
ARRAYS = ("positions", "times", "temperatures", "volume", "n_atoms")


def main(arguments: list[str] | None = None) -> None:
    """Relax, run, measure, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", required=True, help="bundled versions or model files")
    parser.add_argument("--out", type=Path, default=Path("diffusion"), help="name of the files, without ending")
    parser.add_argument("--temperature", type=float, default=1000.0, help="K")
    parser.add_argument("--picoseconds", type=float, default=20.0)
    parser.add_argument("--timestep", type=float, default=2.0, help="fs")
    parser.add_argument("--seed", type=int, default=1, help="of the velocities")
    parser.add_argument("--workers", type=int, default=2, help="runs at once")
    options = parser.parse_args(arguments)
    settings = MdSettings(
        temperature=options.temperature,
        timestep=options.timestep,
        n_steps=round(options.picoseconds * 1000 / options.timestep),
        seed=options.seed,
    )
    work = options.out.with_suffix(".work")
    work.mkdir(parents=True, exist_ok=True)
    wanted = [(name, model, settings, work) for model in options.models for name in COMPOSITIONS]
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        runs = list(pool.map(run, *zip(*wanted, strict=True)))
    found = {
        f"{name}, {Path(model).stem if Path(model).is_file() else model}": describe(arrays)
        for (name, model, *_), arrays in zip(wanted, runs, strict=True)
    }
    document = {
        "runs": found,
        "units": {"D": "cm^2/s", "volume": "A^3", "msd": "A^2"},
        "implied by the paper": PAPER,
        "settings": {key: getattr(options, key) for key in ("temperature", "picoseconds", "timestep", "seed")},
        "versions": {package: version(package) for package in ("aiida-hezsp", "ase", "kinisi", "numpy")},
    }
    text = json.dumps(document, indent=1)
    options.out.with_suffix(".json").write_text(text + "\n", encoding="utf8")
    draw(options.out.with_suffix(".png"), dict(zip(found, runs, strict=True)), found)
    print(text)


def run(name: str, model: str, settings: MdSettings, work: Path) -> dict[str, np.ndarray]:
    """Relax one composition and run MD, or read what an earlier call found."""
    from ase import Atoms
    from pymatgen.io.ase import AseAtomsAdaptor

    from aiida_hezsp.chemistry import decorate, parse_formula
    from aiida_hezsp.families import load_family
    from aiida_hezsp.potential import FastCHGNetCalculator, run_md
    from aiida_hezsp.potential.relaxation import RelaxSettings, relax

    key = f"{name}_{key_of(model)}_{settings.temperature:g}K_seed{settings.seed}_{settings.n_steps}"
    file = work / f"{key}.npz"
    if file.exists():
        return read_npz(file, required=ARRAYS, error=TrajectoryError)
    family = load_family("lzsp")
    structure = decorate(family, parse_formula(family, COMPOSITIONS[name]), "supercell", seed=1)
    start = AseAtomsAdaptor.get_atoms(structure)
    start = Atoms(start.numbers, positions=start.positions, cell=start.cell, pbc=True)
    calculator = FastCHGNetCalculator(model, threads=1)
    relaxed_file = work / f"{name}_{key_of(model)}_relaxed.npz"
    if relaxed_file.exists():
        stored = read_npz(relaxed_file, required=("positions", "cell"), error=TrajectoryError)
        relaxed = Atoms(start.numbers, positions=stored["positions"], cell=stored["cell"], pbc=True)
    else:
        result = relax(start, calculator, RelaxSettings())
        relaxed = result.atoms
        print(f"{key}: relaxed in {result.n_steps} steps, {result.fmax:.3f} eV/A", flush=True)
        write_npz(relaxed_file, {"positions": relaxed.positions, "cell": relaxed.cell.array})

    def tell(step: int, temperature: float, rate: float) -> None:
        if step % 1000 == 0:
            print(f"{key}: {step}/{settings.n_steps}, {temperature:.0f} K, {rate:.1f} steps/s", flush=True)

    trajectory = run_md(relaxed, calculator, settings, restart_file=work / f"{key}.restart.npz", report=tell)
    arrays = trajectory.arrays() | {"volume": np.array(relaxed.get_volume()), "n_atoms": np.array(len(relaxed))}
    kept = {key: arrays[key] for key in ARRAYS}
    write_npz(file, kept)
    return kept


def key_of(model: str) -> str:
    """Return the name of a model for file names, with a checksum if it is a file: another file of its name differs."""
    path = Path(model)
    return f"{path.stem}_{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}" if path.is_file() else model


def describe(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return D with errors, volume and the rest of one run."""
    positions, times = arrays["positions"].astype(float), arrays["times"] - arrays["times"][0]
    curve = mean_squared_displacement(positions)
    estimate = diffusion_posterior(positions, times)
    return {
        "atoms": int(arrays["n_atoms"]),
        "ions": positions.shape[1],
        "volume": float(arrays["volume"]),
        "mean_temperature_K": float(arrays["temperatures"][len(times) // 10 :].mean()),
        "length_ps": float(times[-1] / 1000),
        "D_kinisi": estimate.value,
        "D_kinisi_error": estimate.error,
        "D_slope": diffusion_coefficient(curve, times),
        "D_slope_error": diffusion_error(positions, times),
        "msd_target": float(msd_target(curve)),
    }


def draw(file: Path, runs: dict[str, dict[str, np.ndarray]], found: dict[str, dict[str, Any]]) -> None:
    """Draw the MSD curves."""
    from aiida_hezsp.report.style import COLORS, WIDTH, new_figure, styled

    with styled():
        figure = new_figure(WIDTH, 3.8)
        axes = figure.subplots()
        for number, (title, arrays) in enumerate(runs.items()):
            curve = mean_squared_displacement(arrays["positions"].astype(float))
            times = (arrays["times"] - arrays["times"][0]) / 1000
            label = f"{title}: D = {found[title]['D_kinisi']:.1e} cm²/s"
            axes.plot(times, curve, color=COLORS[number], label=label)
        axes.set(xlabel="time lag (ps)", ylabel="MSD of Li (Å²)", title="160 atoms, 1000 K")
        axes.legend(loc="upper left")
        figure.savefig(file)


if __name__ == "__main__":
    sys.exit(main())
