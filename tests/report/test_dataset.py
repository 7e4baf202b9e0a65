"""The figure of a dataset shows every image at its value."""

import numpy as np
import pytest

from aiida_hezsp.potential.images import ImageSet
from aiida_hezsp.report.dataset import dataset_figure, dataset_rows, force_norms
from aiida_hezsp.report.style import STANDIN_MARK


def some_images(group, energies, symbols=("Li", "O"), seed=0):
    rng, n, count = np.random.default_rng(seed), len(symbols), len(energies)
    return ImageSet.from_frames(
        symbols=list(symbols),
        cells=np.tile(4.0 * np.eye(3), (count, 1, 1)) * np.linspace(1, 1.02, count)[:, None, None],
        positions=rng.random((count, n, 3)),
        energies=energies,
        forces=rng.normal(size=(count, n, 3)),
        group=group,
        source="r0",
        engine="vasp 6.4.2",
    )


@pytest.fixture
def images():
    return ImageSet.concatenate(
        [some_images("A", [-8.0, -8.2, -8.1]), some_images("B", [-9.0, -9.3], ["Li", "O", "O"])]
    )


def test_force_norms_of_images_of_different_size(images):
    largest, rms = force_norms(images)
    for index in range(len(images)):
        norms = np.linalg.norm(images.forces[images.rows(index)], axis=1)
        assert largest[index] == pytest.approx(norms.max())
        assert rms[index] == pytest.approx(np.sqrt((norms**2).mean()))


def test_without_stress_and_moments_none_are_counted(images):
    assert [(row["stress"], row["magmoms"]) for row in dataset_rows(images)] == [(0, 0), (0, 0)]


def test_every_image_is_drawn_at_its_value(images):
    removed = [
        {"group": "B", "source": "b/r0", "step": 7, "energy_per_atom": -2.6, "reason": "high"},
        {"group": "B", "source": "b/r0", "step": 8, "reason": "not converged"},
    ]
    figure = dataset_figure(images, "Some images", standin=True, removed=removed)
    energy, force, volume = figure.axes[:3]
    drawn = energy.collections[0].get_offsets()
    np.testing.assert_allclose(drawn[:, 1], [100, 0, 50, 100, 0], atol=1e-9)  # meV/atom above the lowest
    assert np.rint(drawn[:, 0]).tolist() == [0, 0, 0, 1, 1]
    np.testing.assert_allclose(energy.collections[1].get_offsets(), [[1, 500]])  # -2.6 against -3.1 eV/atom
    largest, rms = force_norms(images)
    np.testing.assert_allclose(force.collections[0].get_offsets()[:, 1], rms)
    np.testing.assert_allclose(force.collections[1].get_offsets()[:, 1], largest)
    expected = np.abs(np.linalg.det(images.cells)) / images.n_atoms
    np.testing.assert_allclose(volume.collections[0].get_offsets()[:, 1], expected)
    assert [label.get_text() for label in volume.get_xticklabels()] == ["A", "B"]
    assert STANDIN_MARK in [text.get_text() for text in figure.texts]


def test_many_compositions_are_numbered():
    many = ImageSet.concatenate([some_images(f"C{n}", [-8.0, -8.1], seed=n) for n in range(60)])
    figure = dataset_figure(many, "Many", standin=False)
    assert "60 compositions" in figure.axes[2].get_xlabel()
    assert figure.get_size_inches()[0] < 20
