import base64
from types import SimpleNamespace

import numpy as np
import pytest

from aiida_hezsp.provenance.predictions import RankedPrediction
from aiida_hezsp.report.arrhenius import arrhenius_figure
from aiida_hezsp.report.figures import _explanations
from aiida_hezsp.report.model_errors import errors_figure, importance_figure
from aiida_hezsp.report.msd_curves import MsdCurve, msd_figure
from aiida_hezsp.report.parity import parity_figure
from aiida_hezsp.report.ranking import distribution_figure, ranking_figure
from aiida_hezsp.report.regions import regions_figure
from aiida_hezsp.report.robustness import robustness_figure
from aiida_hezsp.report.sfmsd_parity import sfmsd_parity_figure
from aiida_hezsp.report.shap_summary import shap_figure, swarm
from aiida_hezsp.report.style import STANDIN_MARK, data_uri
from aiida_hezsp.report.targets import targets_figure
from aiida_hezsp.report.waterfall import waterfall_figure
from aiida_hezsp.sfmsd.regions import RegionRule, judge, summarise_checks
from aiida_hezsp.transport.summary import summarise_transport


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
    labels = texts(distribution_figure(ranked([150.0, 120.1, 120.0, 40.0, 39.9, 1.0]), standin=False))
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
    assert {"GB", "RF", "train\nn = 188", "test\nn = 122", "12", "20.3"} <= set(labels)
    values = {"b": 5.0, "a": 1.0}
    importances = {"GB": {name: {"permutation_mean": value, "permutation_std": 0.1} for name, value in values.items()}}
    ticks = [label.get_text() for label in importance_figure(importances, standin=False).axes[0].get_yticklabels()]
    assert ticks == ["a", "b"]


def test_shap_orders_features_by_mean_size():
    shap = [{"small": 0.1, "large": -9.0}, {"small": -0.2, "large": 3.0}]
    figure = shap_figure(shap, [{"small": 1.0, "large": 2.0}] * 2, standin=False)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["small", "large"]


@pytest.mark.parametrize(("others", "n"), [({"a": 2.0, "b": 1.0}, 3), ({"a": 2.0, "c": 1.0}, 2), ({}, 2)])
def test_shap_shows_predictions_by_the_features_of_the_best(others, n):
    shap = [{"a": 1.0, "b": 2.0}, others, {"b": 0.5, "a": 3.0}]
    campaign = SimpleNamespace(ranked=ranked([90.0, 80.0, 70.0]), shap=shap, standin=False)
    drawings = {item.kind: item for item in _explanations(campaign)}
    assert drawings.keys() == {"shap", "waterfall"}
    assert f"SHAP values of {n} predictions" in texts(drawings["shap"].draw())
    assert ("2 of 3 predictions by the features of the best" in drawings["shap"].caption) == (n == 2)


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


def training_rows():
    """Rows of the training results: four compositions, two models."""
    return [
        {"label": f"L{k}", "split": split, "target": target, "target_error": 2.0,
         "predictions": {"GB": target + 1.0, "SISSO": target - 2.0}}
        for k, (split, target) in enumerate([("train", 10.0), ("train", 50.0), ("test", 30.0), ("quaternary", 90.0)])
    ]  # fmt: skip


def test_sfmsd_parity_has_every_split_of_every_model():
    figure = sfmsd_parity_figure(training_rows(), standin=True)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["GB", "SISSO"]
    assert {"train", "test", "quaternary", STANDIN_MARK} <= set(texts(figure))
    drawn = [tuple(container[0].get_xydata()[0]) for container in figure.axes[1].containers]
    assert (30.0, 28.0) in drawn
    assert (90.0, 88.0) in drawn


def test_targets_kept_and_removed_add_up():
    figure = targets_figure([10.0, 50.0, 90.0], [11.0, 300.0], standin=False)
    heights = [patch.get_height() for container in figure.axes[0].containers for patch in container]
    assert sum(heights) == 5
    assert {"kept: 3", "removed: 2"} <= set(texts(figure))


def test_waterfall_goes_from_the_mean_to_the_prediction():
    shap = {"volume": 12.0, "x_li": -5.0, "a": 1.0}
    figure = waterfall_figure("Li3Zr2Si2PO12", 60.0, shap, {"volume": 2080.123, "x_li": 3.0}, standin=False)
    bars = {bar.get_y(): bar for bar in figure.axes[0].patches}
    first, last = bars[min(bars)], bars[max(bars)]
    assert first.get_x() == pytest.approx(52.0)  # the mean
    assert last.get_x() + last.get_width() == pytest.approx(60.0)
    assert last.get_width() == 12.0  # the largest on top
    assert {"volume = 2080", "x_li = 3", "a", "+12", "-5"} <= set(texts(figure))


def test_errors_show_the_noise_of_the_targets():
    metrics = {"GB": {"train": {"rmse": 10.0, "max_ae": 30.0, "n": 5}, "test": {"rmse": 20.0, "max_ae": 50.0, "n": 3}}}
    figure = errors_figure(metrics, 40.0, noise_floor={"test": 12.0, "train": None}, standin=False)
    lines = {tuple(line.get_ydata()) for line in figure.axes[0].lines}
    assert {(12.0, 12.0), (40.0, 40.0)} <= lines
    assert {"noise of the targets", "spread of the targets", "50", "test\nn = 3"} <= set(texts(figure))


def checked(predicted, md):
    """One row of the report of hezsp.verify."""
    found = judge(predicted, md, RegionRule())
    return {"formula": f"F{predicted:g}", "predicted": predicted, "predicted_low": predicted - 20.0,
            "predicted_high": predicted + 20.0, "md": md, "md_error": 5.0, **found}  # fmt: skip


def test_regions_show_prediction_md_and_verdict():
    rows = [checked(150.0, 140.0), checked(80.0, 40.0)]
    report = {"rows": rows, "summary": summarise_checks(rows), "rule": vars(RegionRule())}
    figure = regions_figure(report, standin=True)
    assert {"Checked by MD: 1 of 2 predictions accepted", "+7 %", "+100 %", STANDIN_MARK} <= set(texts(figure))
    bars = figure.axes[1].patches
    assert [bar.get_width() for bar in bars] == [40.0, 10.0]  # the best on top
    assert bars[0].get_facecolor() == (1.0, 1.0, 1.0, 1.0)  # not accepted


def test_arrhenius_line_ends_at_what_is_extrapolated():
    def law(energy):
        def d(temperature):
            return 1e-3 * np.exp(-energy / (8.617333262e-5 * temperature))

        runs = {
            temperature: {"n_mobile": 24, "volume": 2080.0, "msd": 1.0, "msd_error": 0.1, "length_ps": 100.0,
                          "diffusion_coefficient": d(temperature),
                          "diffusion": {"value": d(temperature), "error": 0.1 * d(temperature)}}
            for temperature in (800.0, 1000.0, 1200.0)
        }  # fmt: skip
        return summarise_transport(runs), d(300.0)

    (first, expected), (second, _) = law(0.3), law(0.5)
    figure = arrhenius_figure({"Best": first, "Host": second}, standin=False)
    axes = figure.axes[0]
    points = [tuple(line.get_xydata()[-1]) for line in axes.lines]
    assert any(x == pytest.approx(1000 / 300) and y == pytest.approx(expected, rel=1e-3) for x, y in points)
    assert axes.get_yscale() == "log"
    assert axes.get_ylim()[0] > 1e-16
    assert any("0.300" in text and "mS/cm" in text for text in texts(figure))


def test_robustness_has_a_panel_for_everything_that_varies():
    series = {"energy": [-7.0, -7.01, -6.99], "volume": [520.0, 522.0, 521.0], "GB": [50.0, 60.0, 55.0]}
    report = {"energies": series["energy"], "volumes": series["volume"], "predictions": {"GB": series["GB"]},
              "spread": {name: {"std": float(np.std(values, ddof=1))} for name, values in series.items()}}  # fmt: skip
    figure = robustness_figure(report, "F", standin=False)
    visible = [axes for axes in figure.axes if axes.get_visible()]
    assert [sum(patch.get_height() for patch in axes.patches) for axes in visible] == [3, 3, 3]
    assert {"F: 3 decorations", "standard deviation 10", "standard deviation 5", "MSD by GB (Å²)"} <= set(texts(figure))
