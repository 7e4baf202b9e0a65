import numpy as np
import pytest

from aiida_hezsp.errors import FormulaError, HezspError, InputError
from aiida_hezsp.potential import FastCHGNetCalculator
from aiida_hezsp.potential.benchmarks.subject import make_images, make_subject


@pytest.mark.parametrize("atoms", [40, 160])
def test_size_and_composition(atoms):
    subject = make_subject(atoms, seed=1)
    assert len(subject) == atoms
    assert subject.pbc.all()
    cells = atoms // 20
    counted = {symbol: subject.get_chemical_symbols().count(symbol) for symbol in set(subject.symbols)}
    half = dict.fromkeys(("Zr", "Hf", "Sn", "Ti"), cells // 2)
    assert counted == {"Li": 3 * cells, "Si": 2 * cells, "P": cells, "O": 12 * cells, **half}


def test_seeds():
    one, same, other = (make_subject(160, seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other


@pytest.mark.parametrize(
    ("atoms", "formula", "kind"),
    [(41, "Li3Zr2Si2PO12", InputError), (40, "NaCl", HezspError), (40, "Li3Zr2", FormulaError)],
)
def test_refusals(atoms, formula, kind):
    with pytest.raises(kind):
        make_subject(atoms, 1, formula)


def test_images_are_labelled_by_the_other_model():
    atoms = make_subject(40, 1)
    images = make_images(atoms, 2, seed=3)
    assert len(images) == 2
    assert np.abs(images.positions[:40] - images.positions[40:]).max() > 0.05
    frame = images.to_atoms(1)
    labels = frame.calc.results
    frame.calc = FastCHGNetCalculator("r2scan", backend="stock", always=("forces", "stress", "magmoms"))
    assert frame.get_potential_energy() == pytest.approx(labels["energy"], abs=4e-4)
    np.testing.assert_allclose(frame.get_forces(), labels["forces"], atol=2e-3)
    np.testing.assert_allclose(frame.get_stress(), labels["stress"], atol=2e-5)
