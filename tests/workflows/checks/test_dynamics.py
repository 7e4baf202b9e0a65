"""Fig. 3 on the stand-in: AIMD and CHGNet MD of one structure by the same weights, compared."""

import json

import numpy as np
import pytest
from aiida.engine import run_get_node
from click.testing import CliRunner

from aiida_hezsp.cli.root import cmd_root
from aiida_hezsp.workflows.checks.dynamics import DynamicsCheckWorkChain

AIMD = {
    "n_steps": 120,
    "segment_steps": 60,
    "record_every": 4,
    "frames_every": 4,
    "temperature": 500.0,
    "bond_lengths": {"anion": "F", "skip": 0.2},
}


def test_both_runs_are_compared_and_shown_by_a_command(both, perfect, lithium_fluoride, tmp_path):
    builder = DynamicsCheckWorkChain.get_builder_from_protocol(
        engine_code=both.engine,
        protocol="demo",
        overrides={"dft": {"kpoints_distance": 1.0, "aimd": AIMD}, "md": {"taut": 20.0}, "jobs": {"workers": 1}},
        vasp=both.vasp,
        model=perfect,
        structure=lithium_fluoride,
        mobile="Li",
    )
    outputs, node = run_get_node(builder)
    assert node.is_finished_ok, node.exit_message
    report, curves = outputs["report"].get_dict(), outputs["curves"]
    # the same temperature, length and recording; AIMD in two segments
    md = next(job for job in node.called_descendants if job.process_label == "MdCalculation")
    assert md.inputs.parameters["temperature"] == 500.0
    assert md.inputs.parameters["n_steps"] == 120
    assert sum(job.process_label == "VaspCalculation" for job in node.called_descendants) == 2
    assert report["aimd"]["label_engine"] == "standin chgnet-r2scan"
    assert outputs["aimd"].get_array("positions").shape == (30, 4, 3)
    assert outputs["chgnet"].get_array("positions").shape == (31, 4, 3)
    for name in ("aimd", "chgnet"):
        assert report[name]["temperature_mean"] == pytest.approx(500, rel=0.5)
        # rock salt: six F around Li at about 2.0 A
        shell = report[name]["bond_lengths"]["Li-F"]
        assert shell["mean"] == pytest.approx(2.05, abs=0.15)
        bins, density = curves.get_array("bond_lengths"), curves.get_array(f"{name}_bond_density_Li_F")
        near = density[bins < 2.9].sum() * (bins[1] - bins[0])
        assert near == pytest.approx(6, abs=0.6)
        assert curves.get_array(f"{name}_msd").shape == curves.get_array(f"{name}_times").shape
    # the same potential: the distributions agree
    assert report["bonds"]["Li-F"]["overlap"] > 0.7
    # MSD of the report is that of the trajectory, by direct sums over all origins
    positions = outputs["chgnet"].get_array("positions").astype(float)
    direct = [((positions[lag:] - positions[: len(positions) - lag]) ** 2).sum(-1).mean() for lag in range(1, 31)]
    np.testing.assert_allclose(curves.get_array("chgnet_msd")[1:], direct, atol=1e-6)

    figure = tmp_path / "figure-3.svg"
    shown = CliRunner().invoke(cmd_root, ["check", str(node.pk), "--output", str(figure)])
    assert shown.exit_code == 0, shown.output
    assert "Overlap" in shown.output
    assert f"{report['bonds']['Li-F']['overlap']:.3f}" in shown.output
    assert "<svg" in figure.read_text()
    # the AIMD run has a report of its own
    aimd = next(chain for chain in node.called if chain.process_label == "AimdWorkChain")
    alone = CliRunner().invoke(cmd_root, ["check", str(aimd.pk), "--json", "--output", str(tmp_path / "aimd.png")])
    assert alone.exit_code == 0, alone.output
    assert json.loads(alone.stdout)["n_segments"] == 2
    assert (tmp_path / "aimd.png").stat().st_size > 10_000
