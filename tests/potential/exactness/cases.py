"""Structures on which every backend is compared with float64: what users have, and what breaks evaluators.

Each builder returns ASE atoms; random numbers have fixed seeds, so that a case is the same structure everywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk

from aiida_hezsp.chemistry import decorate, parse_formula, space
from aiida_hezsp.families import load_family

__all__ = ("CASES", "QUICK", "Case", "lzsp", "rattled", "snapshot")

SNAPSHOTS = Path(__file__).with_name("snapshots.npz")
DISPLACEMENTS = tuple((amplitude, seed) for amplitude in (0.3, 0.4, 0.5) for seed in (1, 2))
SKEW = np.array([[1, 0, 0], [0.6, 1, 0], [-0.4, 0.5, 1]])


@dataclass(frozen=True)
class Case:
    """One structure; `group` is its line in the table of the documentation."""

    name: str
    group: str
    build: Callable[[], Atoms]


def rattled(atoms, amplitude, seed=0):
    """Return a copy with normally distributed displacements, A."""
    result = atoms.copy()
    result.positions += np.random.default_rng(seed).normal(0, amplitude, result.positions.shape)
    return result


def jostled(atoms, amplitude, shortest=1.2, seed=0):
    """Return a copy displaced as by `rattled`, each atom drawn again while another is closer than `shortest`."""
    result, rng = atoms.copy(), np.random.default_rng(seed)
    for index in range(len(result)):
        start = result.positions[index].copy()
        others = np.delete(np.arange(len(result)), index)
        for _ in range(1000):
            result.positions[index] = start + rng.normal(0, amplitude, 3)
            if result.get_distances(index, others, mic=True).min() > shortest:
                break
        else:
            result.positions[index] = start
    return result


def strained(atoms, factor):
    """Return a copy with the cell multiplied by a matrix (or a number)."""
    result = atoms.copy()
    result.set_cell(atoms.cell.array @ (np.eye(3) * factor if np.isscalar(factor) else factor), scale_atoms=True)
    return result


def box(symbols, positions, cell):
    """Return periodic atoms; a number for the cell is a cube."""
    return Atoms(symbols, positions=positions, cell=np.eye(3) * cell if np.isscalar(cell) else cell, pbc=True)


@cache
def _lzsp(formula, cell):
    family = load_family("lzsp")
    made = decorate(family, parse_formula(family, formula), cell, 1)
    return Atoms([site.specie.Z for site in made], positions=made.cart_coords, cell=made.lattice.matrix, pbc=True)


def lzsp(formula="Li3Zr2Si2PO12", cell="primitive"):
    """Return a random decoration (seed 1), unrelaxed."""
    return _lzsp(formula, cell).copy()


@cache
def snapshot(cell, index):
    """Return a frame of MD at 2,000 K; `make_snapshots.py` says how they were made."""
    with np.load(SNAPSHOTS, allow_pickle=False) as data:
        positions = data[f"{cell}_positions"][index].astype(np.float64)
        return Atoms(data[f"{cell}_numbers"], positions=positions, cell=data[f"{cell}_cell"], pbc=True)


def slightly_bent(angle):
    """Return Li with an angle O-Li-O that misses 180 degrees by `angle` radians, and one O-Li-O that misses 0."""
    direction = np.array([np.cos(angle), np.sin(angle), 0])
    return box("LiOOO", [[0, 0, 0], [-1.9, 0, 0], 1.35 * direction, [2.85, 0, 0]], 12)


def crystal_and_far_atom():
    """Return a cluster of rocksalt with one atom far from everything."""
    cluster = bulk("LiF", "rocksalt", a=4.05, cubic=True)
    atoms = box("He", [[15.0, 14.0, 13.0]], 26)
    atoms.extend(Atoms(cluster.symbols, positions=rattled(cluster, 0.05).positions))
    return atoms


def pair(distance, *, third):
    """Return two atoms at a distance, exactly, and where wanted a third one that makes an angle."""
    positions = [[0, 0, 0], [distance, 0, 0], [0, 2.25, 0]]
    return box("LiOZr", positions, 25) if third else box("LiO", positions[:2], 25)


def _group(name, **builders):
    """Return the cases of a group."""
    return [Case(key.replace("_", " "), name, build) for key, build in builders.items()]


def _lzsp_cases():
    large = lambda: lzsp(cell="supercell")  # noqa: E731
    mixed = "Li2.625Zr0.5Hf0.375Sn0.375Ti0.375Nb0.375Si2PO12"
    return [
        *_group(
            "LZSP, 40 atoms",
            ideal=lzsp,
            rattled=lambda: rattled(lzsp(), 0.1),
            compressed=lambda: rattled(strained(lzsp(), 0.94), 0.05),
            expanded=lambda: rattled(strained(lzsp(), 1.08), 0.05),
            sheared=lambda: rattled(strained(lzsp(), np.eye(3) + 0.08 * SKEW), 0.05),
        ),
        *_group(
            "LZSP, 160 atoms",
            ideal_supercell=large,
            rattled_supercell=lambda: rattled(large(), 0.1),
            LZHSTNSP_supercell=lambda: rattled(lzsp(mixed, "supercell"), 0.08),
        ),
        *_group(
            "LZSP, 2,000 K",
            **{f"snapshot_{i}": lambda i=i: snapshot("primitive", i).copy() for i in range(4)},
            **{f"snapshot_{i}_of_the_supercell": lambda i=i: snapshot("supercell", i).copy() for i in range(2)},
        ),
        *_group(
            "LZSP, displaced at random by 0.3 A and more",
            **{f"{x}_A_seed_{seed}": lambda x=x, seed=seed: jostled(lzsp(), x, seed=seed) for x, seed in DISPLACEMENTS},
            **{"0.3_A_in_the_supercell": lambda: jostled(large(), 0.3, seed=3)},
        ),
        *_group(
            "the same with atoms within one another",
            **{f"{x}_A_seed_{seed}": lambda x=x, seed=seed: rattled(lzsp(), x, seed) for x, seed in DISPLACEMENTS},
            **{"0.3_A_in_the_supercell": lambda: rattled(large(), 0.3, 3)},
        ),
    ]


def _dopant_cases():
    """Return the training composition of every dopant (23 of them), primitive cells."""
    family = load_family("lzsp")
    return [
        Case(
            composition.formula, "every dopant element, 40 atoms", lambda f=composition.formula: rattled(lzsp(f), 0.08)
        )
        for composition in space(family, "training")
    ]


def _elements_case():
    """Return a crystal of all elements CHGNet knows, hydrogen to plutonium."""
    numbers = np.random.default_rng(5).permutation(np.arange(1, 95))
    grid = np.stack(np.meshgrid(range(5), range(5), range(4), indexing="ij"), axis=-1).reshape(-1, 3)[:94] * 2.7
    return Atoms(numbers, positions=grid, cell=np.diag([13.5, 13.5, 10.8]), pbc=True)


def _tiny_cases():
    fluoride, lithia = bulk("LiF", "rocksalt", a=4.05), bulk("Li2O", "fluorite", a=4.6)
    slanted = np.array([[2.9, 0, 0], [2.5, 1.9, 0], [-9.1, 4.4, 2.7]])
    return _group(
        "tiny cells: edges to own images",
        one_atom=lambda: bulk("Li", "bcc", a=3.4),
        one_atom_skewed=lambda: box("Li", [[0.3, 0.2, 0.1]], slanted),
        two_atoms=lambda: rattled(fluoride, 0.1),
        two_atoms_skewed=lambda: rattled(strained(fluoride, SKEW @ SKEW), 0.05),
        three_atoms_skewed=lambda: rattled(strained(lithia, SKEW), 0.1),
        thin_cell=lambda: box("LiO", [[0, 0, 0], [0, 0, 2.0]], np.diag([2.4, 2.6, 9.0])),
        needle=lambda: box("LiO", [[0, 0, 0], [1.0, 1.2, 1.4]], np.diag([2.2, 2.3, 60.0])),
        plate=lambda: box("LiOZr", [[0, 0, 0], [3, 1, 9], [7, 1.2, 2]], np.diag([14.0, 2.3, 17.0])),
    )


def _symmetric_cases():
    lithia = bulk("Li2O", "fluorite", a=4.6)
    return _group(
        "angles of and near 180 and 0 degrees",
        LiF_rocksalt=lambda: bulk("LiF", "rocksalt", a=4.05),
        MgO_rocksalt_of_8_atoms=lambda: bulk("MgO", "rocksalt", a=4.22, cubic=True),
        NiO_rocksalt_strained=lambda: strained(bulk("NiO", "rocksalt", a=4.18, cubic=True), np.diag([1.02, 0.99, 1])),
        chain_with_0_and_180=lambda: box("Li", [[0, 0, 0]], np.diag([1.45, 11.0, 12.0])),
        straight_molecule=lambda: box("OLiO", [[-1.9, 0, 0], [0, 0, 0], [1.9, 0, 0]], 12),
        fluorite_slightly_off=lambda: rattled(lithia.repeat((2, 1, 1)), 1e-4),
        rocksalt_slightly_off=lambda: rattled(bulk("MgO", "rocksalt", a=4.22, cubic=True), 1e-3),
        **{
            f"bent_by_{angle:.0e}": lambda angle=angle: slightly_bent(angle) for angle in (1e-1, 1e-2, 1e-3, 1e-4, 1e-6)
        },
    )


def _sparse_cases():
    return [
        *_group(
            "isolated atoms",
            one_atom_in_a_box=lambda: box("Li", [[1, 2, 3]], 30),
            two_atoms_in_a_box=lambda: box("LiO", [[1, 2, 3], [16, 17, 18]], 30),
            cluster_and_far_atom=crystal_and_far_atom,
            last_atom_isolated=lambda: box("LiFMg", [[0, 0, 0], [1.8, 0, 0], [0, 20, 20]], 40),
        ),
        *_group(
            "no bond below 3 A: empty bond graph",
            pair=lambda: box("NiO", [[0, 0, 0], [4.0, 0, 0]], 9),
            simple_cubic=lambda: box("Zr", [[0.5, 0.5, 0.5]], 4.1),
            expanded_rocksalt=lambda: rattled(bulk("LiF", "rocksalt", a=7.6, cubic=True), 0.1),
        ),
        *_group(
            "one bond below 3 A: no angle",
            pair_at_2_A=lambda: box("LiO", [[0, 0, 0], [2.0, 0, 0]], 20),
            two_pairs=lambda: box("LiOMgF", [[0, 0, 0], [1.9, 0, 0], [0, 4.4, 0], [1.8, 4.5, 0.3]], 20),
        ),
        *_group(
            "bonds at a cutoff",
            **{
                f"{radius:g}_A_{'+' if shift > 0 else ''}{shift:g}{tail.replace(' ', '_')}": (
                    lambda d=radius + shift, third=bool(tail): pair(d, third=third)
                )
                for radius in (3.0, 6.0)
                for shift in (-1e-3, -1e-6, -1e-9, 0.0, 1e-9, 1e-6, 1e-3)
                for tail in ("", " and a third atom")
            },
        ),
    ]


def _outside_cases():
    fluoride = bulk("LiF", "rocksalt", a=4.05)
    return _group(
        "atoms outside the cell, left-handed cells",
        far_outside=lambda: box("LiF", [[-70, 3, 1], [52, 41, -33]], np.diag([4, 4.3, 4.6])),
        left_handed=lambda: rattled(Atoms(fluoride, cell=fluoride.cell.array[[1, 0, 2]]), 0.1),
        left_handed_LZSP=lambda: Atoms(rattled(lzsp(), 0.1), cell=-lzsp().cell.array),
    )


CASES = {
    f"{case.group}: {case.name}": case
    for case in [
        *_lzsp_cases(),
        *_dopant_cases(),
        Case("all of them", "94 elements, 94 atoms", lambda: rattled(_elements_case(), 0.15)),
        *_tiny_cases(),
        *_symmetric_cases(),
        *_sparse_cases(),
        *_outside_cases(),
    ]
}

QUICK = (
    "LZSP, 40 atoms: rattled",
    "LZSP, 2,000 K: snapshot 3",
    "LZSP, displaced at random by 0.3 A and more: 0.4 A seed 1",
    "the same with atoms within one another: 0.3 A seed 2",
    "tiny cells: edges to own images: one atom skewed",
    "tiny cells: edges to own images: two atoms",
    "tiny cells: edges to own images: needle",
    "angles of and near 180 and 0 degrees: MgO rocksalt of 8 atoms",
    "angles of and near 180 and 0 degrees: chain with 0 and 180",
    "angles of and near 180 and 0 degrees: bent by 1e-03",
    "isolated atoms: one atom in a box",
    "isolated atoms: last atom isolated",
    "no bond below 3 A: empty bond graph: pair",
    "one bond below 3 A: no angle: two pairs",
    "bonds at a cutoff: 3 A 0 and a third atom",
    "bonds at a cutoff: 6 A 0",
    "atoms outside the cell, left-handed cells: far outside",
    "atoms outside the cell, left-handed cells: left handed",
)
