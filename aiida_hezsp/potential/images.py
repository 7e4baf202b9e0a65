"""Labelled images: structures with energy, forces, stress and magnetic moments, each with its origin."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aiida_hezsp.errors import ImageError
from aiida_hezsp.potential.arrays import read_npz

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ("ImageSet",)

MAX_ATOMIC_NUMBER = 94  # CHGNet knows no element beyond Pu
MIN_VOLUME = 1e-3  # A^3

# name -> (kind of dtype, dtype, trailing shape, one row per "image" or per "atom")
LAYOUT: dict[str, tuple[str, Any, tuple[int, ...], str]] = {
    "n_atoms": ("i", np.int32, (), "image"),
    "numbers": ("i", np.int16, (), "atom"),
    "positions": ("f", np.float64, (3,), "atom"),
    "cells": ("f", np.float64, (3, 3), "image"),
    "energies": ("f", np.float64, (), "image"),
    "forces": ("f", np.float64, (3,), "atom"),
    "stresses": ("f", np.float64, (3, 3), "image"),
    "magmoms": ("f", np.float64, (), "atom"),
    "groups": ("U", np.str_, (), "image"),
    "sources": ("U", np.str_, (), "image"),
    "steps": ("i", np.int32, (), "image"),
    "engines": ("U", np.str_, (), "image"),
}
MAY_BE_MISSING = ("stresses", "magmoms")


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images of any number of structures, concatenated; the arrays are what `images.npz` holds.

    Shapes and units, with N images of n_i atoms: `n_atoms` (N,); `numbers` (sum n_i,) atomic numbers; `positions`
    (sum, 3) A; `cells` (N, 3, 3) A, rows are vectors; `energies` (N,) total, eV; `forces` (sum, 3) eV/A; `stresses`
    (N, 3, 3) GPa, tension positive, NaN if unknown; `magmoms` (sum,) absolute values in mu_B, NaN if unknown;
    `groups` (N,) label of the composition; `sources` (N,) key of the calculation; `steps` (N,) ionic step from 0;
    `engines` (N,) what made the labels, e.g. ``vasp 6.4.2``.

    Raises:
        ImageError: a shape, a type or a value is impossible.
    """

    n_atoms: NDArray[np.int32]
    numbers: NDArray[np.int16]
    positions: NDArray[np.float64]
    cells: NDArray[np.float64]
    energies: NDArray[np.float64]
    forces: NDArray[np.float64]
    stresses: NDArray[np.float64]
    magmoms: NDArray[np.float64]
    groups: NDArray[np.str_]
    sources: NDArray[np.str_]
    steps: NDArray[np.int32]
    engines: NDArray[np.str_]

    def __post_init__(self) -> None:
        for name, (kind, dtype, _, _) in LAYOUT.items():
            object.__setattr__(self, name, _as_array(name, getattr(self, name), kind, dtype))
        n_images = len(self.n_atoms)
        if n_images == 0:
            raise ImageError("an image set needs at least one image")
        if self.n_atoms.ndim != 1 or (self.n_atoms < 1).any():
            raise ImageError("n_atoms must be one positive number per image")
        rows = {"image": n_images, "atom": int(self.n_atoms.sum())}
        for name, (_, _, tail, per) in LAYOUT.items():
            _check(name, getattr(self, name), (rows[per], *tail))
        if (self.numbers < 1).any() or (self.numbers > MAX_ATOMIC_NUMBER).any():
            raise ImageError(f"numbers must be atomic numbers from 1 to {MAX_ATOMIC_NUMBER}")
        if (np.abs(np.linalg.det(self.cells)) < MIN_VOLUME).any():
            raise ImageError("a cell has no volume")
        if (self.magmoms < 0).any():
            raise ImageError("magmoms must be absolute values, but some are negative")

    def __len__(self) -> int:
        return len(self.n_atoms)

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Rows (N + 1,) at which the atoms of each image begin in the arrays with one row per atom."""
        return np.concatenate(([0], np.cumsum(self.n_atoms, dtype=np.int64)))

    @property
    def energies_per_atom(self) -> NDArray[np.float64]:
        """Energies (N,) in eV/atom."""
        return np.asarray(self.energies / self.n_atoms)

    def rows(self, index: int) -> slice:
        """Return the rows of image `index` in the arrays with one row per atom."""
        start = int(self.n_atoms[:index].sum())
        return slice(start, start + int(self.n_atoms[index]))

    def select(self, indices: Sequence[int] | NDArray[np.integer]) -> "ImageSet":
        """Return the images of the given indices, in that order."""
        wanted = np.asarray(indices, dtype=np.int64)
        if wanted.ndim != 1 or len(wanted) == 0:
            raise ImageError("no image is selected")
        if (wanted < 0).any() or (wanted >= len(self)).any():
            raise ImageError(f"image {int(wanted.max())} does not exist: the set has images 0 to {len(self) - 1}")
        offsets = self.offsets
        atoms = np.concatenate([np.arange(offsets[i], offsets[i + 1]) for i in wanted])
        rows = {"image": wanted, "atom": atoms}
        return ImageSet(**{name: getattr(self, name)[rows[per]] for name, (_, _, _, per) in LAYOUT.items()})

    def of_groups(self, labels: Iterable[str]) -> "ImageSet":
        """Return the images of the given composition labels."""
        wanted = list(labels)
        if unknown := sorted(set(wanted) - set(self.groups.tolist())):
            raise ImageError(f"no image belongs to {', '.join(unknown)}")
        return self.select(np.flatnonzero(np.isin(self.groups, wanted)))

    @classmethod
    def concatenate(cls, sets: Sequence["ImageSet"]) -> "ImageSet":
        """Return all images of several sets, in order."""
        if not sets:
            raise ImageError("there is no image set to concatenate")
        return cls(**{name: np.concatenate([getattr(images, name) for images in sets]) for name in LAYOUT})

    @classmethod
    def from_frames(
        cls,
        *,
        symbols: Sequence[str],
        cells: ArrayLike,
        positions: ArrayLike,
        energies: ArrayLike,
        forces: ArrayLike,
        stresses: ArrayLike | None = None,
        magmoms: ArrayLike | None = None,
        group: str,
        source: str,
        engine: str,
    ) -> "ImageSet":
        """Return the steps of one calculation as images: F frames of the same n atoms.

        Args:
            symbols: n element symbols.
            cells: (F, 3, 3) A.
            positions: (F, n, 3) A, Cartesian.
            energies: (F,) eV.
            forces: (F, n, 3) eV/A.
            stresses: (F, 3, 3) GPa, tension positive; None if unknown.
            magmoms: (F, n) mu_B, signs are dropped; None if unknown.
            group: label of the composition.
            source: key of the calculation.
            engine: what made the labels.
        """
        from ase.symbols import symbols2numbers

        n_frames, n = len(np.asarray(energies)), len(symbols)
        stress = np.full((n_frames, 3, 3), np.nan) if stresses is None else np.asarray(stresses, dtype=float)
        moments = np.full((n_frames, n), np.nan) if magmoms is None else np.abs(np.asarray(magmoms, dtype=float))
        return cls(
            n_atoms=np.full(n_frames, n, dtype=np.int32),
            numbers=np.tile(np.array(symbols2numbers(list(symbols)), dtype=np.int16), n_frames),
            positions=_per_atom("positions", positions, (n_frames, n, 3)),
            cells=np.asarray(cells, dtype=float),
            energies=np.asarray(energies, dtype=float),
            forces=_per_atom("forces", forces, (n_frames, n, 3)),
            stresses=stress,
            magmoms=_per_atom("magmoms", moments, (n_frames, n)),
            groups=np.full(n_frames, group),
            sources=np.full(n_frames, source),
            steps=np.arange(n_frames, dtype=np.int32),
            engines=np.full(n_frames, engine),
        )

    @classmethod
    def load(cls, file: str | Path | IO[bytes]) -> "ImageSet":
        """Read `images.npz`; nothing in it is unpickled.

        Raises:
            ImageError: the file is missing, damaged, too large, or not an image set.
        """
        return cls(**read_npz(file, required=tuple(LAYOUT), error=ImageError))

    def save(self, path: str | Path) -> None:
        """Write `images.npz`."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        with Path(path).open("wb") as handle:
            np.savez_compressed(handle, **arrays)

    def to_atoms(self, index: int) -> "Atoms":
        """Return image `index` as ASE atoms, periodic, with its labels in a single-point calculator."""
        from ase import Atoms, units
        from ase.calculators.singlepoint import SinglePointCalculator

        rows = self.rows(index)
        atoms = Atoms(numbers=self.numbers[rows], positions=self.positions[rows], cell=self.cells[index], pbc=True)
        labels: dict[str, Any] = {"energy": float(self.energies[index]), "forces": self.forces[rows]}
        if np.isfinite(self.stresses[index]).all():
            labels["stress"] = self.stresses[index].ravel()[[0, 4, 8, 5, 2, 1]] * units.GPa
        if np.isfinite(self.magmoms[rows]).all():
            labels["magmoms"] = self.magmoms[rows]
        atoms.calc = SinglePointCalculator(atoms, **labels)
        atoms.info |= {name: str(getattr(self, name + "s")[index]) for name in ("group", "source", "engine")}
        atoms.info["step"] = int(self.steps[index])
        return atoms

    def to_atoms_list(self) -> list["Atoms"]:
        """Return all images as ASE atoms."""
        return [self.to_atoms(index) for index in range(len(self))]

    def to_extxyz(self, path: str | Path) -> None:
        """Write all images as extended XYZ, readable by any ASE."""
        from ase.io import write

        write(str(path), self.to_atoms_list(), format="extxyz")


def _as_array(name: str, value: ArrayLike, kind: str, dtype: Any) -> NDArray[Any]:
    """Return the value with its fixed dtype; refuse what is of another kind."""
    array = np.asarray(value)
    allowed = {"i": "iu", "f": "fiu", "U": "U"}[kind]
    if array.dtype.kind not in allowed:
        raise ImageError(f"{name} holds values of type {array.dtype}, which is not what an image set has there")
    if kind == "U":
        return array
    if kind == "i" and array.size and (array.min() < np.iinfo(dtype).min or array.max() > np.iinfo(dtype).max):
        raise ImageError(f"{name} holds numbers out of range")
    return array.astype(dtype, copy=False)


def _check(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Check shape, finiteness (or NaN where a label may be missing)."""
    if array.shape != shape:
        raise ImageError(f"{name} has the shape {array.shape}, where {shape} is needed")
    if array.dtype.kind != "f":
        return
    bad = np.isinf(array) if name in MAY_BE_MISSING else ~np.isfinite(array)
    if bad.any():
        raise ImageError(f"{name} holds {int(bad.sum())} values that are not finite")


def _per_atom(name: str, value: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Check (F, n, ...) and flatten the first two axes."""
    array = np.asarray(value, dtype=float)
    if array.shape != shape:
        raise ImageError(f"{name} has the shape {array.shape}, where {shape} is needed")
    return array.reshape(shape[0] * shape[1], *shape[2:])
