"""Record what a search learns from: MD of quaternary compositions in primitive cells, one row of `recorded.csv` each.

    python examples/active_learning/record.py --minutes 45

Compositions are taken in a seeded order until the CPU time is used up; given again, the command goes on (MD within a
run, too). One process, one thread.
"""

import argparse
import csv
import time
from pathlib import Path

from pymatgen.io.ase import AseAtomsAdaptor

from aiida_hezsp.chemistry import Composition, decorate, draw, space
from aiida_hezsp.engine.md import seed_of
from aiida_hezsp.engine.process import prepare_process
from aiida_hezsp.errors import HezspError
from aiida_hezsp.families import Family, load_family
from aiida_hezsp.potential import FastCHGNetCalculator, MdSettings, RelaxSettings, relax, run_md
from aiida_hezsp.sfmsd import extract_features
from aiida_hezsp.transport import diffusion_coefficient, mean_squared_displacement, msd_target, msd_target_error

HERE = Path(__file__).parent
ORDER_SEED = 1
DECORATION_SEED = 1
MD = MdSettings(temperature=1000.0, timestep=2.0, n_steps=5000, taut=100.0, seed=1, record_every=5)


def measure(family: Family, composition: Composition, calculator: FastCHGNetCalculator, scratch: Path) -> dict:
    """Relax one cell, extract its features, run MD; return the row."""
    atoms = AseAtomsAdaptor.get_atoms(decorate(family, composition, "primitive", DECORATION_SEED))
    relaxed = relax(atoms, calculator, RelaxSettings(fmax=0.05, max_steps=300))
    structure = AseAtomsAdaptor.get_structure(relaxed.atoms)
    features = {
        name: value
        for feature_set in ("multinary", "quaternary")
        for name, value in extract_features(structure, composition, family, feature_set).items()
    }
    settings = MdSettings(**{**vars(MD), "seed": seed_of(MD.seed, composition.label)})
    restart = scratch / f"{composition.label}.npz"
    run = run_md(relaxed.atoms, calculator, settings, restart_file=restart, identity="0.3.0")
    msd = mean_squared_displacement(run.positions)
    restart.unlink()
    return {
        "formula": composition.formula,
        "msd": round(msd_target(msd), 4),
        "msd_error": round(msd_target_error(run.positions), 4),
        "diffusion_coefficient": f"{diffusion_coefficient(msd, run.times):.5g}",
        "relax_steps": relaxed.n_steps,
        **{name: f"{value:.8g}" for name, value in features.items()},
    }


def recorded(file: Path) -> set[str]:
    """Return the formulas that the file holds."""
    if not file.exists():
        return set()
    with file.open(encoding="utf8", newline="") as handle:
        return {row["formula"] for row in csv.DictReader(handle)}


def append(file: Path, row: dict) -> None:
    """Add one row, and the header first of all."""
    fresh = not file.exists()
    with file.open("a", encoding="utf8", newline="") as handle:
        writer = csv.DictWriter(handle, list(row), lineterminator="\n")
        if fresh:
            writer.writeheader()
        writer.writerow(row)


def main() -> None:
    """Record until the time is used up."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=45.0, help="CPU time to use at most")
    parser.add_argument("--file", type=Path, default=HERE / "recorded.csv")
    parser.add_argument("--scratch", type=Path, default=HERE / "scratch", help="restart points of the run in progress")
    options = parser.parse_args()
    options.scratch.mkdir(parents=True, exist_ok=True)
    prepare_process(1)
    family, done = load_family("lzsp"), recorded(options.file)
    calculator = FastCHGNetCalculator("0.3.0", threads=1)
    compositions = space(family, "quaternary")
    for composition in draw(compositions, len(compositions), ORDER_SEED):
        if composition.formula in done:
            continue
        if time.process_time() > 60 * options.minutes:
            break
        begin = time.process_time()
        try:
            row = measure(family, composition, calculator, options.scratch)
        except HezspError as error:
            print(f"{composition.formula} left out: {error}", flush=True)
            continue
        append(options.file, row)
        print(f"{row['formula']}: MSD {row['msd']} A^2, {time.process_time() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main()
