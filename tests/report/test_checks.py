"""Figures of the transfer checks show the numbers of their reports."""

import numpy as np
import pytest

from aiida_hezsp.report.checks import dynamics_figure, relaxation_figure
from aiida_hezsp.report.style import STANDIN_MARK


def row(dv, rssd, dft, chgnet):
    return {"dv_percent": dv, "rssd": rssd, "dft": {"time_s": dft}, "chgnet": {"time_s": chgnet}}


def test_relaxations_as_bars():
    report = {"structures": {"A": row(0.19, 0.309, 18736, 53), "B": row(5.49, 4.68, 44082, 692)}}
    figure = relaxation_figure(report, standin=False)
    widths = [[bar.get_width() for bar in axes.patches] for axes in figure.axes]
    assert widths[0] == [0.19, 5.49]
    assert widths[1] == [0.309, 4.68]
    assert widths[2] == pytest.approx([18736 / 53, 44082 / 692])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["A", "B"]
    assert STANDIN_MARK not in [text.get_text() for text in figure.texts]


@pytest.fixture
def curves():
    lengths = np.arange(0.01, 3.5, 0.02)
    return {
        "bond_lengths": lengths,
        "aimd_bond_density_Li_O": np.exp(-(((lengths - 2.1) / 0.2) ** 2)),
        "chgnet_bond_density_Li_O": np.exp(-(((lengths - 2.2) / 0.2) ** 2)),
        "aimd_times": np.arange(50.0) * 10,
        "aimd_msd": np.arange(50.0),
        "chgnet_times": np.arange(40.0) * 10,
        "chgnet_msd": np.arange(40.0) * 2,
    }


def test_two_runs_are_two_curves_each(curves):
    figure = dynamics_figure(curves, "LZSP, 1000 K", standin=True)
    bonds, msd = figure.axes
    assert len(bonds.lines) == 2
    np.testing.assert_array_equal(bonds.lines[1].get_ydata(), curves["chgnet_bond_density_Li_O"])
    assert [line.get_label() for line in msd.lines] == ["AIMD", "CHGNet"]
    np.testing.assert_allclose(msd.lines[1].get_xdata()[-1], 0.39)  # ps
    np.testing.assert_array_equal(msd.lines[0].get_ydata(), curves["aimd_msd"])
    assert STANDIN_MARK in [text.get_text() for text in figure.texts]


def test_aimd_alone_and_without_bonds(curves):
    alone = {name: values for name, values in curves.items() if name in {"aimd_times", "aimd_msd"}}
    figure = dynamics_figure(alone, "x", standin=False)
    assert [len(axes.lines) for axes in figure.axes] == [0, 1]
