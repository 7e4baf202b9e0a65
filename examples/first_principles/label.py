"""Label images by GPAW: PBE, plane waves of 600 eV, Gamma point, +U and spin where the Materials Project has them.

    python label.py images_1.extxyz labels.extxyz --workers 2

Goes through the images in order, a process of one thread each, and appends every labelled image to the output as it is
done: a run that is killed loses only the images under way, and the same command goes on. Images that do not converge
are listed in `<output>.failed` and tried again by the next run only with `--retry`.

The calculator is the one of `hezsp-vasp-standin` (its calculator "gpaw"). Energies are in eV, extrapolated to zero
smearing; forces in eV/A; moments in mu_B. There is no stress: with plane waves of 600 eV it carries 4.5 GPa of Pulay
stress.
"""

import argparse
import json
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write

ECUT = 600.0  # eV
# What MPRelaxSet prescribes for oxides: U in eV (Dudarev) and the moment a calculation starts from, in mu_B.
HUBBARD_U = {"Co": 3.32, "Fe": 5.3, "Ni": 6.2, "V": 3.25}
MOMENTS = {"Co": 3.0, "Fe": 5.0, "Ni": 2.0, "Gd": 7.0}
MAX_ITERATIONS = 120


def main(arguments: list[str] | None = None) -> None:
    """Label what is not labelled yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--workers", type=int, default=2, help="processes, one image each (default 2)")
    parser.add_argument("--retry", action="store_true", help="try images again that failed before")
    options = parser.parse_args(arguments)
    images = read(options.images, index=":", format="extxyz")
    failures = options.output.with_suffix(".failed")
    done = labelled(options.output) | (set() if options.retry else failed(failures))
    waiting = [atoms for atoms in images if atoms.info["id"] not in done]
    print(f"{len(images)} images, {len(waiting)} to do", flush=True)
    begin = time.monotonic()
    # A fresh process for every image: GPAW does not give all its memory back.
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        jobs = {pool.submit(label, atoms): atoms.info["id"] for atoms in waiting}
        for count, job in enumerate(as_completed(jobs), start=1):
            note = store(job, jobs[job], options.output, failures)
            left = (time.monotonic() - begin) / count * (len(waiting) - count)
            print(f"{count}/{len(waiting)}  {note}  {left / 60:.0f} min left", flush=True)


def store(job: "Future[Atoms]", identifier: str, output: Path, failures: Path) -> str:
    """Append a result to its file; return a line on it."""
    error = job.exception()
    if error is not None:
        with failures.open("a", encoding="utf8") as handle:
            handle.write(json.dumps({"id": identifier, "error": str(error).strip().splitlines()[-1:]}) + "\n")
        return f"{identifier} failed: {error}"
    atoms = job.result()
    write(output, atoms, format="extxyz", append=True)
    return f"{identifier} {atoms.info['composition']}  {atoms.info['cpu_s']:.0f} s CPU"


def label(atoms: Atoms) -> Atoms:
    """Return the image with energy, forces and, where it is spin-polarised, moments."""
    from aiida_hezsp.standin.calculators import make_calculator
    from aiida_hezsp.standin.incar import parse_incar
    from aiida_hezsp.standin.kpoints import Kpoints
    from aiida_hezsp.standin.settings import read_settings

    present = set(atoms.symbols)
    spin = bool(present & set(MOMENTS))
    settings = read_settings(parse_incar(f"ENCUT = {ECUT}\nISPIN = {1 + spin}\nEDIFF = 1e-5\n"), len(atoms))
    gamma = Kpoints(np.zeros((1, 3)), np.ones(1), "Gamma", (1, 1, 1))
    # Forces of one image differed by 0.3 meV/A on average from those with GPAW's own threshold, 4e-8 (MAE).
    convergence = {"energy": settings.ediff, "eigenstates": 1e-6}
    setups = {symbol: f":d,{U}" for symbol, U in HUBBARD_U.items() if symbol in present}
    options: dict[str, Any] = {"convergence": convergence, "setups": setups, "maxiter": MAX_ITERATIONS, "txt": None}
    work = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)
    if spin:
        work.set_initial_magnetic_moments([MOMENTS.get(symbol, 0.0) for symbol in atoms.symbols])
    begin = time.process_time()
    work.calc = make_calculator("gpaw", options, settings, gamma, 1).ase
    results = {"energy": work.get_potential_energy(), "forces": work.get_forces()}
    if spin:
        results["magmoms"] = work.get_magnetic_moments()
    done = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)
    done.info = dict(atoms.info) | {"cpu_s": round(time.process_time() - begin, 1), "engine": f"gpaw {version('gpaw')}"}
    done.calc = SinglePointCalculator(done, **results)
    return done


def labelled(output: Path) -> set[str]:
    """Return the ids of the images in the output."""
    return {atoms.info["id"] for atoms in read(output, index=":", format="extxyz")} if output.exists() else set()


def failed(failures: Path) -> set[str]:
    """Return the ids of the images that failed."""
    if not failures.exists():
        return set()
    return {json.loads(line)["id"] for line in failures.read_text(encoding="utf8").splitlines()}


if __name__ == "__main__":
    sys.exit(main())
