import copy

import numpy as np
import pytest
from chgnet.model.composition_model import AtomRef
from pymatgen.core import Structure

from aiida_hezsp.errors import ModelFileError
from aiida_hezsp.potential.atomref import (
    apply_shift,
    by_symbol,
    composition_matrix,
    fit_shift,
    shift_per_atom,
    undetermined_elements,
)


def test_a_planted_offset_per_element_is_recovered_exactly():
    rng = np.random.default_rng(0)
    n_atoms = rng.integers(4, 12, 40)
    numbers = rng.choice([3, 8, 14, 40], n_atoms.sum())
    fractions = composition_matrix(numbers, n_atoms)
    planted = np.zeros(94)
    planted[[2, 7, 13, 39]] = [1.5, -4.0, 0.25, -15.0]
    shift = fit_shift(fractions, fractions @ planted)
    np.testing.assert_allclose(shift, planted, atol=1e-10)
    assert by_symbol(shift).keys() == {"Li", "O", "Si", "Zr"}


def test_compositions_of_one_family_get_the_shift_of_minimum_norm():
    # LiF and Li2F2: one direction only. The offset is shared, energies are right, other elements left alone.
    numbers, n_atoms = np.array([3, 9, 3, 3, 9, 9]), np.array([2, 4])
    fractions = composition_matrix(numbers, n_atoms)
    shift = fit_shift(fractions, np.array([-1.0, -1.0]))
    np.testing.assert_allclose(shift_per_atom(fractions, shift), -1.0)
    assert by_symbol(shift) == pytest.approx({"Li": -1.0, "F": -1.0})


def test_agrees_with_chgnets_own_fit_where_that_is_determined():
    structures = [
        Structure(np.eye(3) * 6, symbols, np.random.default_rng(i).random((len(symbols), 3)))
        for i, symbols in enumerate((["Li", "O"], ["Li", "Li", "O"], ["O", "O", "Si"], ["Li", "Si"]))
    ]
    energies = [-3.0, -2.5, -7.0, -4.0]
    stock = AtomRef(is_intensive=True)
    stock.fit(structures, energies)
    numbers = np.concatenate([[site.specie.Z for site in structure] for structure in structures])
    ours = fit_shift(composition_matrix(numbers, np.array([len(s) for s in structures])), np.array(energies))
    np.testing.assert_allclose(ours, stock.fc.weight.detach().numpy()[0], atol=2e-5)


def test_the_shift_reaches_the_models_energies(pbe, images):
    from aiida_hezsp.potential.network import StockNetwork
    from aiida_hezsp.potential.prediction import make_graphs, predict_images

    model = copy.deepcopy(pbe)
    shift = np.zeros(94)
    shift[[2, 8]] = [0.5, -2.0]
    apply_shift(model, shift)
    chosen = images.select([0, 12])
    networks = (StockNetwork(pbe), StockNetwork(model))
    energies = [predict_images(network, make_graphs(network, chosen)).energies for network in networks]
    np.testing.assert_allclose(energies[1] - energies[0], [-0.75, 1.0 / 3], atol=1e-5)


def test_a_model_without_reference_is_refused(pbe):
    model = copy.deepcopy(pbe)
    model.composition_model = None
    with pytest.raises(ModelFileError, match="no intensive composition reference"):
        apply_shift(model, np.zeros(94))


def test_elements_that_are_not_in_training_are_named():
    fractions = composition_matrix(np.array([3, 9, 3, 8, 8, 50]), np.array([2, 2, 2]))
    assert undetermined_elements(fractions, [0]) == ["O", "Sn"]
    assert undetermined_elements(fractions, [0, 1]) == ["Sn"]
    assert undetermined_elements(fractions, [0, 1, 2]) == []
