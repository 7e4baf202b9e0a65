"""Energy, forces, stress and moments against a float64 evaluation of stock chgnet."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from ase.io import read

import aiida_hezsp
from aiida_hezsp.errors import ExplosionError, ModelFileError
from aiida_hezsp.potential import load_model, make_evaluator
from aiida_hezsp.potential.model_file import BUNDLED

HOST = Path(aiida_hezsp.__file__).parent / "families" / "lzsp" / "host.cif"
DOPANTS = [
    "Mg",
    "Ca",
    "Zn",
    "Ni",
    "Co",
    "Al",
    "In",
    "Ga",
    "Sc",
    "Y",
    "Fe",
    "La",
    "Gd",
    "Hf",
    "Ge",
    "Sn",
    "Ti",
    "Ce",
    "Nb",
    "Ta",
    "Sb",
    "Bi",
    "V",
]


def shaken(atoms, amplitude, seed=0):
    result = atoms.copy()
    result.positions += np.random.default_rng(seed).normal(0, amplitude, result.positions.shape)
    return result


def cases():
    fluoride, lithia = bulk("LiF", "rocksalt", a=4.05), bulk("Li2O", "fluorite", a=4.6)
    far = Atoms("LiFMg", positions=[[0, 0, 0], [1.8, 0, 0], [0, 20, 20]], cell=[40, 40, 40], pbc=True)
    skewed = shaken(lithia.repeat((2, 1, 1)), 0.1)
    skewed.set_cell(skewed.cell.array @ np.array([[1, 0, 0], [0.6, 1, 0], [-0.4, 0.5, 1]]), scale_atoms=True)
    return {
        "primitive": shaken(fluoride, 0.1),
        "one atom and its images": bulk("Li", "bcc", a=3.4),
        "thin cell": Atoms("LiO", positions=[[0, 0, 0], [0, 0, 2.0]], cell=[2.4, 2.6, 9.0], pbc=True),
        "skewed": skewed,
        "isolated atom and a dimer": far,
        "no bond at all": Atoms("Li", positions=[[1, 2, 3]], cell=[30, 30, 30], pbc=True),
        "bonds but no angle": Atoms("NiO", positions=[[0, 0, 0], [4.0, 0, 0]], cell=[9, 9, 9], pbc=True),
        "straight angle": Atoms("OLiO", positions=[[-1.9, 0, 0], [0, 0, 0], [1.9, 0, 0]], cell=[12, 12, 12], pbc=True),
        "strongly distorted": shaken(lithia.repeat((2, 2, 1)), 0.35),
        "outside its cell": Atoms("LiF", positions=[[-70, 3, 1], [52, 41, -33]], cell=[4, 4.3, 4.6], pbc=True),
    }


@pytest.fixture(scope="module", params=BUNDLED)
def model(request):
    return load_model(request.param)


def compare(model, atoms, reference, tolerance=1e-5):
    """Compare with float64; forces may be wrong by `tolerance` of the largest where that is large."""
    wanted = reference(model, atoms.numbers, atoms.positions, atoms.cell.array)
    result = make_evaluator(model).evaluate(
        atoms.numbers, atoms.positions, atoms.cell.array, forces=True, stress=True, magmoms=True
    )
    scale = max(1.0, np.abs(wanted.forces).max())
    n = len(atoms)
    assert result.energy / n == pytest.approx(wanted.energy / n, abs=1e-6 * scale)
    np.testing.assert_allclose(result.forces, wanted.forces, atol=min(tolerance * scale, 1e-4))
    np.testing.assert_allclose(result.stress, wanted.stress, atol=1e-6 * scale)
    np.testing.assert_allclose(result.magmoms, wanted.magmoms, atol=2e-6 * scale)
    return wanted


@pytest.mark.parametrize("name", cases())
def test_small_and_awkward_structures(model, reference, name):
    compare(model, cases()[name], reference)


def test_host_of_40_atoms(model, reference):
    compare(model, shaken(read(HOST), 0.1), reference)


@pytest.mark.slow
def test_supercell_of_160_atoms_with_every_dopant(model, reference):
    atoms = read(HOST).repeat((2, 2, 1))
    sites = [index for index, symbol in enumerate(atoms.symbols) if symbol == "Zr"]
    for index, symbol in zip(sites, DOPANTS, strict=False):
        atoms.symbols[index] = symbol
    atoms.symbols[[i for i, symbol in enumerate(atoms.symbols) if symbol == "Si"][:7]] = DOPANTS[16:]
    assert set(DOPANTS) <= set(atoms.symbols)
    compare(model, shaken(atoms, 0.12), reference)


def test_better_than_stock(model, reference):
    atoms = shaken(read(HOST), 0.15, seed=3)
    arguments = (atoms.numbers, atoms.positions, atoms.cell.array)
    wanted = reference(model, *arguments).forces
    errors = [
        np.abs(make_evaluator(model, name).evaluate(*arguments).forces - wanted).max() for name in ("torch", "stock")
    ]
    assert errors[0] < errors[1] / 3


def test_a_fine_tuned_model(reference, r2scan):
    tuned = copy.deepcopy(r2scan)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in tuned.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(parameter + 0.01 if "frequencies" in name else parameter * (1 + 0.05 * noise))
    compare(tuned, shaken(read(HOST), 0.1), reference)


def test_only_what_is_asked_is_returned(pbe):
    atoms = bulk("LiF", "rocksalt", a=4.0)
    evaluate = make_evaluator(pbe).evaluate
    energy = evaluate(atoms.numbers, atoms.positions, atoms.cell.array, forces=False)
    assert (energy.forces, energy.stress, energy.magmoms) == (None, None, None)
    stress = evaluate(atoms.numbers, atoms.positions, atoms.cell.array, forces=False, stress=True)
    assert stress.forces is None
    assert stress.stress.shape == (3, 3)
    assert stress.energy == pytest.approx(energy.energy, abs=1e-6)


def test_runs_are_bit_identical(pbe):
    atoms = shaken(read(HOST), 0.1)
    evaluator = make_evaluator(pbe)
    first, second = (evaluator.evaluate(atoms.numbers, atoms.positions, atoms.cell.array) for _ in range(2))
    assert first.energy == second.energy
    np.testing.assert_array_equal(first.forces, second.forces)


def test_energy_and_forces_are_smooth_where_bonds_enter_and_leave(pbe):
    """Past the cutoffs of bonds (6 A) and of angles (3 A) nothing jumps."""
    evaluator = make_evaluator(pbe)
    for radius in (3.0, 6.0):
        results = []
        for distance in (radius - 1e-4, radius + 1e-4):
            positions = np.array([[0.0, 0, 0], [distance, 0, 0], [0, 2.2, 0]])
            results.append(evaluator.evaluate(np.array([3, 8, 40]), positions, np.eye(3) * 25))
        forces = (results[0].forces[1, 0] + results[1].forces[1, 0]) / 2
        assert results[1].energy - results[0].energy == pytest.approx(-2e-4 * forces, abs=5e-6)
        np.testing.assert_allclose(results[0].forces, results[1].forces, atol=2e-3)


def test_total_force_and_torque_of_stress_vanish(pbe):
    atoms = shaken(read(HOST), 0.1)
    result = make_evaluator(pbe).evaluate(atoms.numbers, atoms.positions, atoms.cell.array, stress=True)
    np.testing.assert_allclose(result.forces.sum(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(result.stress, result.stress.T, atol=1e-6)


def test_overlapping_atoms_do_not_fill_the_memory(pbe):
    atoms = bulk("LiF", "rocksalt", a=1.2)
    with pytest.raises(ExplosionError, match="atoms lie on one another"):
        make_evaluator(pbe).evaluate(atoms.numbers, atoms.positions, atoms.cell.array)


@pytest.mark.parametrize(
    ("arguments", "name"), [({"non_linearity": "tanh"}, "non_linearity"), ({"mlp_first": False}, "mlp_first")]
)
def test_other_architectures_are_sent_to_stock(arguments, name):
    from chgnet.model import CHGNet

    with pytest.raises(ModelFileError, match=f"{name}=.* cannot be factorised: use the backend 'stock'"):
        make_evaluator(CHGNet(**arguments))
    assert make_evaluator(CHGNet(**arguments), "stock")
