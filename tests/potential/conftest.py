"""Small crystals, models and labelled images."""

import numpy as np
import pytest
from ase import units
from ase.build import bulk

from aiida_hezsp.potential import FastCHGNetCalculator, ImageSet, load_model
from aiida_hezsp.potential.evaluation import set_threads


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    set_threads(1)


@pytest.fixture(scope="session")
def pbe():
    return load_model("0.3.0")


@pytest.fixture(scope="session")
def r2scan():
    return load_model("r2scan")


def _perturbed(atoms, rng, strain=0.03, shift=0.15):
    """Return the crystal strained and shaken."""
    result = atoms.copy()
    result.set_cell(atoms.cell.array @ (np.eye(3) + rng.normal(0, strain, (3, 3))), scale_atoms=True)
    result.positions += rng.normal(0, shift, result.positions.shape)
    return result


CRYSTALS = {
    "LiF": bulk("LiF", "rocksalt", a=4.05),
    "MgO": bulk("MgO", "rocksalt", a=4.22),
    "Li2O": bulk("Li2O", "fluorite", a=4.6),
    "NiO": bulk("NiO", "rocksalt", a=4.18),
}


@pytest.fixture
def crystals():
    return {name: atoms.copy() for name, atoms in CRYSTALS.items()}


def _labelled(model, frames, group, *, magmoms):
    calculator = FastCHGNetCalculator(model, always=("forces", "stress", "magmoms"))
    for atoms in frames:
        atoms.calc = calculator
    return ImageSet.from_frames(
        symbols=list(frames[0].symbols),
        cells=[atoms.cell.array for atoms in frames],
        positions=[atoms.positions for atoms in frames],
        energies=[atoms.get_potential_energy() for atoms in frames],
        forces=[atoms.get_forces() for atoms in frames],
        stresses=[atoms.get_stress(voigt=False) / units.GPa for atoms in frames],
        magmoms=[atoms.get_magnetic_moments() for atoms in frames] if magmoms else None,
        group=group,
        source=f"run_{group}",
        engine="standin r2scan",
    )


@pytest.fixture
def perturbed():
    """The function that strains and shakes a crystal."""
    return _perturbed


@pytest.fixture
def labelled():
    """The function that labels frames of one structure with a model."""
    return _labelled


@pytest.fixture(scope="session")
def images(r2scan):
    """24 images of four crystals labelled by r2SCAN CHGNet; moments are known for NiO only."""
    rng = np.random.default_rng(0)
    sets = [
        _labelled(r2scan, [_perturbed(crystal, rng) for _ in range(6)], name, magmoms=name == "NiO")
        for name, crystal in CRYSTALS.items()
    ]
    return ImageSet.concatenate(sets)
