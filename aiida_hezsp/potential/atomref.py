"""The linear composition reference (AtomRef) of a CHGNet, and its shift to the energies of another method."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray

from aiida_hezsp.errors import ModelFileError

if TYPE_CHECKING:
    from chgnet.model import CHGNet

__all__ = ("apply_shift", "by_symbol", "composition_matrix", "fit_shift", "shift_per_atom", "undetermined_elements")

Floats = NDArray[np.float64]
N_ELEMENTS = 94
RCOND = 1e-8


def composition_matrix(numbers: NDArray[np.integer], n_atoms: NDArray[np.integer]) -> Floats:
    """Return the fraction of every element in every image: (N, 94), rows sum to 1.

    Args:
        numbers: (sum n_i,) atomic numbers of all images.
        n_atoms: (N,) atoms per image.
    """
    owner = np.repeat(np.arange(len(n_atoms)), n_atoms)
    counts = np.zeros((len(n_atoms), N_ELEMENTS))
    np.add.at(counts, (owner, numbers.astype(int) - 1), 1.0)
    return np.asarray(counts / np.asarray(n_atoms)[:, None])


def fit_shift(fractions: Floats, residuals: Floats) -> Floats:
    """Return the shift of every element's reference, (94,) in eV, that explains the residuals best.

    Least squares, and among equally good shifts the one of minimum norm: compositions of one family span few
    directions (the framework never changes, the mobile ions follow from the charges), and elements that do not
    occur are left alone. Nothing better is known of these: from PBE with corrections to r2SCAN the references of the
    LZSP family shift by 0.5 (Li) to 55 eV (Bi), and giving absent elements the mean shift of the others predicts the
    energy of a composition with a new dopant no better than giving them none (mean of 60 draws, AtomRefs of the bundled
    models: both wrong by 0.3 to 0.5 eV/atom). `undetermined_elements` names them.

    Args:
        fractions: (N, 94) of `composition_matrix`.
        residuals: (N,) reference minus predicted energy, eV/atom.
    """
    shift, *_ = np.linalg.lstsq(fractions, residuals, rcond=RCOND)
    return np.asarray(shift, dtype=np.float64)


def apply_shift(model: "CHGNet", shift: Floats) -> None:
    """Add a shift (94,) in eV to a model's composition reference, in place.

    Raises:
        ModelFileError: the model has no composition reference per atom.
    """
    import torch

    reference = model.composition_model
    if reference is None or not reference.is_intensive:
        raise ModelFileError("this CHGNet has no intensive composition reference (AtomRef) that could be shifted")
    with torch.no_grad():
        weight = reference.fc.weight
        weight += torch.as_tensor(shift, dtype=weight.dtype).view_as(weight)


def shift_per_atom(fractions: Floats, shift: Floats) -> Floats:
    """Return what a shift adds to the energies, (N,) in eV/atom."""
    return np.asarray(fractions @ shift)


def undetermined_elements(fractions: Floats, train: Sequence[int]) -> list[str]:
    """Return the symbols of elements that some image has, but none of `train`, from fractions (N, 94)."""
    absent = (fractions > 0).any(axis=0) & ~(fractions[list(train)] > 0).any(axis=0)
    return [chemical_symbols[z + 1] for z in np.flatnonzero(absent)]


def by_symbol(shift: Floats) -> Mapping[str, float]:
    """Return the shift in eV by element symbol, without elements that are left alone."""
    return {chemical_symbols[z + 1]: float(value) for z, value in enumerate(shift) if abs(value) > 1e-12}  # noqa: PLR2004
