"""The structure that benchmarks run on: a decorated cell of the LZSP family."""

from typing import TYPE_CHECKING

import numpy as np

from aiida_hezsp.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

    from aiida_hezsp.families import CellName
    from aiida_hezsp.potential.images import ImageSet

__all__ = ("CELLS", "FORMULA", "make_images", "make_subject")

FORMULA = "Li3Zr0.5Hf0.5Sn0.5Ti0.5Si2PO12"
"""Four elements on one site, and whole atoms in both cells: 40 and 160."""
SHAKE = 0.1  # A, standard deviation
STRAIN = 0.01
LABELS = "r2scan"
CELLS: "dict[int, CellName]" = {40: "primitive", 160: "supercell"}


def make_subject(atoms: int, seed: int, formula: str = FORMULA) -> "Atoms":
    """Return a periodic cell of the family's host geometry, decorated at random (seeded), not relaxed.

    Args:
        atoms: 40 (primitive cell) or 160 (supercell); another composition may have a few more or fewer.
        seed: of the decoration.
        formula: of the LZSP family.

    Raises:
        InputError: there is no cell of that size.
        HezspError: the formula does not belong to the family or has no whole atoms in the cell.
    """
    from pymatgen.io.ase import AseAtomsAdaptor

    from aiida_hezsp.chemistry import decorate, parse_formula
    from aiida_hezsp.families import load_family

    if atoms not in CELLS:
        raise InputError(f"there is no cell of {atoms} atoms: choose 40 or 160")
    family = load_family("lzsp")
    structure = decorate(family, parse_formula(family, formula), CELLS[atoms], seed=seed)
    made = AseAtomsAdaptor.get_atoms(structure, msonable=False)
    made.info = {}
    return made


def make_images(atoms: "Atoms", n: int, seed: int) -> "ImageSet":
    """Return n shaken and strained copies of a structure, labelled by the bundled r2SCAN model."""
    from ase import units
    from ase.stress import voigt_6_to_full_3x3_stress

    from aiida_hezsp.potential.calculator import FastCHGNetCalculator
    from aiida_hezsp.potential.images import ImageSet

    rng = np.random.default_rng(seed)
    calculator = FastCHGNetCalculator(LABELS, backend="torch", always=("forces", "stress", "magmoms"))
    frames, labels = [_shaken(atoms, rng) for _ in range(n)], []
    for frame in frames:
        frame.calc = calculator
        frame.get_potential_energy()
        labels.append(dict(calculator.results))
    return ImageSet.from_frames(
        symbols=list(atoms.symbols),
        cells=[frame.cell.array for frame in frames],
        positions=[frame.positions for frame in frames],
        energies=[one["energy"] for one in labels],
        forces=[one["forces"] for one in labels],
        stresses=[voigt_6_to_full_3x3_stress(one["stress"]) / units.GPa for one in labels],
        magmoms=[one["magmoms"] for one in labels],
        group="benchmark",
        source="benchmark",
        engine=f"standin {LABELS}",
    )


def _shaken(atoms: "Atoms", rng: np.random.Generator) -> "Atoms":
    """Return a shaken and strained copy."""
    made = atoms.copy()
    made.set_cell(atoms.cell.array @ (np.eye(3) + rng.normal(0, STRAIN, (3, 3))), scale_atoms=True)
    made.positions += rng.normal(0, SHAKE, made.positions.shape)
    return made
