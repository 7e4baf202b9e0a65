import base64

import numpy as np
import pytest

from aiida_hezsp.provenance.predictions import RankedPrediction
from aiida_hezsp.report.model_errors import errors_figure, importance_figure
from aiida_hezsp.report.msd_curves import MsdCurve, msd_figure
from aiida_hezsp.report.parity import parity_figure
from aiida_hezsp.report.ranking import distribution_figure, ranking_figure
from aiida_hezsp.report.shap_summary import shap_figure, swarm
from aiida_hezsp.report.style import STANDIN_MARK, data_uri


def texts(figure):
    """All text a reader sees."""
    from matplotlib.text import Text

    return [item.get_text() for item in figure.findobj(Text) if item.get_text()]


def ranked(msd_values):
    return [
        RankedPrediction(
            rank=rank, pk=rank, uuid=str(rank), label=f"L{rank}", formula=f"F{rank}", family="lzsp", type="5-1",
            x_li=3.0,
            s_config=1.6, entropy_class="high", msd=msd, msd_low=msd - 5, msd_high=msd + 5, coverage=0.9, volume=1.0,
            model_kind="GB", label_engines=("vasp 6.4.2",), outside_domain=(), features={"a": 1.0},
        )
        for rank, msd in enumerate(msd_values, start=1)
    ]  # fmt: skip


@pytest.fixture
def arrays():
    """Three images of two atoms; the last is not for testing."""
    rng = np.random.default_rng(1)
    forces = rng.normal(size=(6, 3))
    return {
        "split": np.array([b"test", b"unseen", b"train"]),
        "n_atoms": np.array([2, 2, 2]),
        "reference_energies": np.array([-1.0, -2.0, -3.0]),
        "before_energies": np.array([-1.1, -2.3, 9.0]),
        "after_energies": np.array([-1.01, -2.02, 9.0]),
        "reference_forces": forces,
        "before_forces": forces + np.repeat([0.2, 0.4, 99.0], 2)[:, None],
        "after_forces": forces + np.repeat([0.02, 0.04, 99.0], 2)[:, None],
    }


def test_parity_states_the_errors_of_images_kept_out(arrays):
    figure = parity_figure(arrays, "First", standin=False)
    labels = texts(figure)
    for expected in (
        "before, test: MAE 100 meV/atom", "before, unseen: MAE 300 meV/atom", "after, test: MAE 10 meV/atom",
        "after, unseen: MAE 20 meV/atom", "before, unseen: MAE 400 meV/Å", "after, test: MAE 20 meV/Å",
    ):  # fmt: skip
        assert expected in labels
    assert {"label (eV/atom)", "CHGNet (eV/atom)", "label (eV/Å)"} <= set(labels)
    points = {tuple(line.get_xdata()) for line in figure.axes[0].lines}
    assert (-1.0,) in points
    assert not any(-3.0 in x for x in points)


def test_only_standin_figures_are_marked(arrays):
    assert STANDIN_MARK in texts(parity_figure(arrays, "First", standin=True))
    assert STANDIN_MARK not in texts(parity_figure(arrays, "First", standin=False))


def test_msd_figure_gives_the_mean_in_the_window():
    times = np.linspace(0, 100_000, 101)
    curves = [MsdCurve("a", "LiA", times, times * 1e-3), MsdCurve("b", "LiB", times, times * 2e-3)]
    labels = texts(msd_figure(curves, (0.2, 0.8), standin=False))
    assert "LiA: 50 Å²" in labels
    assert "LiB: 100 Å²" in labels


def test_distribution_counts_the_regions():
    labels = texts(distribution_figure(ranked([150.0, 120.0, 119.9, 40.0, 39.9, 1.0]), standin=False))
    assert {"low: 2", "medium: 2", "high: 2"} <= set(labels)


def test_ranking_figure_shows_the_highest():
    rows = ranked(np.linspace(200, 10, 60).tolist())
    figure = ranking_figure(rows, standin=False)
    shown = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert shown[-1] == "1  F1"
    assert shown[0] == "25  F25"


def test_errors_and_importances_name_models_splits_and_features():
    metrics = {"GB": {"train": {"rmse": 11.986, "n": 188}, "test": {"rmse": 20.3, "n": 122}}}
    metrics["RF"] = {"train": {"rmse": 11.1, "n": 188}, "test": {"rmse": None, "n": 0}}
    labels = texts(errors_figure(metrics, 40.0, standin=False))
    assert {"GB", "RF", "train", "test", "12\nn=188", "20.3\nn=122"} <= set(labels)
    values = {"b": 5.0, "a": 1.0}
    importances = {"GB": {name: {"permutation_mean": value, "permutation_std": 0.1} for name, value in values.items()}}
    ticks = [label.get_text() for label in importance_figure(importances, standin=False).axes[0].get_yticklabels()]
    assert ticks == ["a", "b"]


def test_shap_orders_features_by_mean_size():
    shap = [{"small": 0.1, "large": -9.0}, {"small": -0.2, "large": 3.0}]
    figure = shap_figure(shap, [{"small": 1.0, "large": 2.0}] * 2, standin=False)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["small", "large"]


def test_swarm_keeps_values_on_their_line():
    values = np.concatenate([np.zeros(50), np.linspace(0, 10, 20)])
    offsets = swarm(values)
    assert np.abs(offsets).max() <= 0.45
    assert len(np.unique(offsets[:50])) == 50
    assert np.array_equal(swarm(np.full(3, 2.0)), swarm(np.full(3, 7.0)))


def test_figures_are_svg_and_repeatable(arrays):
    first, second = (data_uri(parity_figure(arrays, "First", standin=False)) for _ in range(2))
    assert first == second
    kind, _, body = first.partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert b"<svg" in base64.b64decode(body)[:2000]


def test_pyplot_is_not_touched(arrays):
    import sys

    import matplotlib as mpl

    before = mpl.rcParams["axes.grid"]
    data_uri(parity_figure(arrays, "First", standin=True))
    assert mpl.rcParams["axes.grid"] == before
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
