"""Make the images that are to be labelled: relaxation paths and images with ions in transition, 23 compositions.

    python make_images.py --generation 1 --model 0.3.0
    python make_images.py --generation 2 --model model.safetensors

Each generation holds four images of every training composition in the primitive cell (about 40 atoms):

- generation 1: two of a relaxation of cell and atoms by the pretrained CHGNet (its second step, where forces are
  large, and a random later one) and two of 2 ps of its MD at 1000 K;
- generation 2: four of MD by the model that was fine-tuned on generation 1, two at 800 K, as in the paper, and two at
  1200 K.

MD images are those with most Li in transition (farther than 2.5 A from all sites of the start). Same seeds, same model
and same machine type give the same images; they are stored, because MD amplifies rounding.
"""

import argparse
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.filters import FrechetCellFilter
from ase.io import write
from ase.optimize import FIRE
from pymatgen.io.ase import AseAtomsAdaptor

from aiida_hezsp.chemistry import decorate, space
from aiida_hezsp.families import load_family
from aiida_hezsp.potential import FastCHGNetCalculator, MdSettings, run_md
from aiida_hezsp.potential.selection import transition_counts, transition_image_indices

FOLDER = Path(__file__).parent
SEED = 1
FMAX = 0.05  # eV/A
RELAX_STEPS = 120
PICOSECONDS = 2.0
TIMESTEP = 2.0  # fs
FRAMES_EVERY = 10  # steps
CUTOFF = 2.5  # A


def main(arguments: list[str] | None = None) -> None:
    """Write `images_<generation>.extxyz`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generation", type=int, choices=(1, 2), default=1)
    parser.add_argument("--model", default="0.3.0", help="a bundled version or a model file")
    options = parser.parse_args(arguments)
    family = load_family("lzsp")
    calculator = FastCHGNetCalculator(options.model, threads=1)
    by_composition = []
    for composition in space(family, "training"):
        structure = decorate(family, composition, "primitive", seed=SEED)
        start = AseAtomsAdaptor.get_atoms(structure)
        start = Atoms(start.numbers, positions=start.positions, cell=start.cell, pbc=True)
        make = first_generation if options.generation == 1 else second_generation
        images = list(make(start, calculator))
        for kind, atoms in images:
            atoms.info |= {"composition": composition.formula, "kind": kind, "generation": options.generation}
        by_composition.append([atoms for _, atoms in images])
        print(composition.formula, [kind for kind, _ in images], flush=True)
    # One of each composition, then the second of each: labelling that is stopped early is still balanced.
    ordered = [images[number] for number in range(4) for images in by_composition]
    for number, atoms in enumerate(ordered):
        atoms.info["id"] = f"g{options.generation}-{number:03d}"
    write(FOLDER / f"images_{options.generation}.extxyz", ordered, format="extxyz")


def first_generation(start: Atoms, calculator: FastCHGNetCalculator) -> Iterator[tuple[str, Atoms]]:
    """Yield the second and a random later image of a relaxation, and two of MD from its end."""
    path = relaxation_path(start, calculator)
    later = int(np.random.default_rng(SEED).integers(5, len(path)))
    moving = md_images(path[-1], calculator, 1000.0, 2)
    yield "MD 1000 K", moving[0]
    yield "relaxation, step 1", path[1]
    yield "MD 1000 K", moving[1]
    yield f"relaxation, step {later} of {len(path) - 1}", path[later]


def second_generation(start: Atoms, calculator: FastCHGNetCalculator) -> Iterator[tuple[str, Atoms]]:
    """Yield two images of MD at 800 K and two at 1200 K."""
    relaxed = relaxation_path(start, calculator)[-1]
    cool, hot = (md_images(relaxed, calculator, temperature, 2) for temperature in (800.0, 1200.0))
    for number in range(2):
        yield "MD 800 K", cool[number]
        yield "MD 1200 K", hot[number]


def relaxation_path(start: Atoms, calculator: FastCHGNetCalculator) -> list[Atoms]:
    """Return all images of a relaxation of cell and atoms."""
    atoms = start.copy()
    calculator.always = frozenset({"forces", "stress"})
    atoms.calc = calculator
    optimizer = FIRE(FrechetCellFilter(atoms), logfile=None)
    warnings.filterwarnings("ignore", message="logm result may be inaccurate")  # by 3e-13
    return [atoms.copy() for _ in optimizer.irun(fmax=FMAX, steps=RELAX_STEPS)]


def md_images(start: Atoms, calculator: FastCHGNetCalculator, temperature: float, n: int) -> list[Atoms]:
    """Return the `n` images of an MD run with most Li in transition."""
    settings = MdSettings(temperature=temperature, timestep=TIMESTEP, n_steps=round(PICOSECONDS * 1000 / TIMESTEP),
                          seed=SEED, frames_every=FRAMES_EVERY)  # fmt: skip
    trajectory = run_md(start, calculator, settings)
    lithium = start.numbers == 3  # noqa: PLR2004 - Li
    positions = np.asarray(trajectory.frames, dtype=float)
    counts = transition_counts(positions[:, lithium], start.cell.array, start.positions[lithium], CUTOFF)
    images = []
    for frame in transition_image_indices(counts, n):
        atoms = Atoms(start.numbers, positions=positions[frame], cell=start.cell, pbc=True)
        atoms.info["in_transition"] = int(counts[frame])
        images.append(atoms)
    return images


if __name__ == "__main__":
    sys.exit(main())
