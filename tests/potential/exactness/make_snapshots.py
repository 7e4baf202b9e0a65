"""Make `snapshots.npz`: structures of LZSP at 2,000 K, so that the suite need not run the dynamics.

    python tests/potential/exactness/make_snapshots.py

Pretrained CHGNet 0.3.0, backend torch, NVT-Berendsen (1 fs, taut 20 fs) from the random decoration of seed 1: the
primitive cell for 1 ps, recorded every 250 fs, and the supercell for 0.3 ps, recorded every 150 fs. Arrays by cell:
`<cell>_numbers` (n,), `<cell>_cell` (3, 3) A, `<cell>_positions` (frames, n, 3) float32 A, unwrapped.
"""

from pathlib import Path

import numpy as np

from aiida_hezsp.chemistry import decorate, parse_formula
from aiida_hezsp.families import load_family
from aiida_hezsp.potential import FastCHGNetCalculator, MdSettings, run_md

TEMPERATURE = 2000.0
RUNS = {"primitive": (1000, 250), "supercell": (300, 150)}


def main() -> None:
    """Run both and write the file."""
    from pymatgen.io.ase import AseAtomsAdaptor

    family, arrays = load_family("lzsp"), {}
    for cell, (n_steps, every) in RUNS.items():
        atoms = AseAtomsAdaptor.get_atoms(decorate(family, parse_formula(family, "Li3Zr2Si2PO12"), cell, 1))
        settings = MdSettings(temperature=TEMPERATURE, n_steps=n_steps, taut=20.0, frames_every=every)
        trajectory = run_md(atoms, FastCHGNetCalculator("0.3.0", backend="torch"), settings)
        kelvin = ", ".join(f"{value:.0f}" for value in trajectory.temperatures[every // settings.record_every :: 10])
        print(f"{cell}: K every 100 fs: {kelvin}")  # noqa: T201 - a script
        arrays |= {
            f"{cell}_numbers": atoms.numbers.astype(np.int16),
            f"{cell}_cell": atoms.cell.array,
            f"{cell}_positions": trajectory.frames[1:],
        }
    np.savez_compressed(Path(__file__).with_name("snapshots.npz"), **arrays)


if __name__ == "__main__":
    main()
