"""Table 1 on the stand-in: a perfect model relaxes to the same cell, another one does not; failures are listed."""

import json

import pytest
from aiida import orm
from aiida.engine import run_get_node
from click.testing import CliRunner

from aiida_hezsp.cli.root import cmd_root
from aiida_hezsp.workflows.checks.relaxation import RelaxationCheckWorkChain


def run(both, model, structures):
    builder = RelaxationCheckWorkChain.get_builder_from_protocol(
        engine_code=both.engine,
        protocol="demo",
        overrides={
            "dft": {"relax": {"incar": {"nsw": 60, "ediffg": -0.02}}, "kpoints_distance": 1.0, "max_iterations": 2},
            "relax": {"fmax": 0.02, "max_steps": 100},
            "jobs": {"workers": 1},
        },
        vasp=both.vasp,
        model=model,
        structures=structures,
    )
    return run_get_node(builder)


def check(*arguments):
    return CliRunner().invoke(cmd_root, ["check", *map(str, arguments)])


def test_a_perfect_model_a_failure_and_the_report_by_a_command(both, perfect, lithium_fluoride, tmp_path):
    collided = orm.StructureData(cell=[[4, 0, 0], [0, 4, 0], [0, 0, 4]])
    for x in (0.0, 0.01):
        collided.append_atom(symbols="Li", position=(0, 0, x))
    outputs, node = run(both, perfect, {"good": lithium_fluoride, "collided": collided})
    assert node.is_finished_ok, node.exit_message
    report = outputs["report"].get_dict()
    assert set(report["structures"]) == {"good"}
    row = report["structures"]["good"]
    # the stand-in's labels are this model's own: the same minimum, to what the thresholds allow
    assert row["dft"]["energy"] == pytest.approx(row["chgnet"]["energy"], abs=2e-3)
    assert row["dv_percent"] < 0.3
    assert row["rssd"] < 0.02
    assert row["dv_percent"] == pytest.approx(100 * abs(row["chgnet"]["volume"] / row["dft"]["volume"] - 1), abs=1e-9)
    assert row["dft"]["time_s"] > 0
    assert row["dft"]["time_is_complete"]
    assert row["chgnet"]["time_s"] > 0
    assert row["chgnet"]["converged"]
    assert report["engines"] == ["standin chgnet-r2scan"]
    assert report["summary"] == {
        "n": 1,
        "dv_below_1_percent": 1,
        "rssd_below_1_A": 1,
        "median_dv_percent": row["dv_percent"],
        "median_rssd": row["rssd"],
    }
    assert list(outputs["left_out"].get_dict()) == ["collided"]
    assert "0.01 A" in outputs["left_out"]["collided"] or "closer" in outputs["left_out"]["collided"]
    # DFT was not spent on what CHGNet could not relax
    dft = [job for job in node.called_descendants if job.process_label == "VaspCalculation"]
    assert {job.inputs.structure.uuid for job in dft} == {lithium_fluoride.uuid}

    shown = check(node.pk)
    assert shown.exit_code == 0, shown.output
    assert f"{row['rssd']:.3f}" in shown.output
    assert "dV below 1 %: 1 of 1" in shown.output
    assert "left out: collided" in shown.output
    figure = tmp_path / "table-1.png"
    assert check(node.pk, "--output", figure).exit_code == 0
    assert figure.read_bytes().startswith(b"\x89PNG")
    again = check(node.pk, "--output", figure)
    assert again.exit_code == 1
    assert "exists already" in again.output
    assert json.loads(check(node.pk, "--json").stdout)["structures"]["good"] == row
    wrong = check(dft[0].pk)
    assert wrong.exit_code == 1
    assert "neither a transfer check nor an AIMD run" in wrong.output


def test_nothing_left_is_said(both, perfect):
    collided = orm.StructureData(cell=[[4, 0, 0], [0, 4, 0], [0, 0, 4]])
    for x in (0.0, 0.01):
        collided.append_atom(symbols="Li", position=(0, 0, x))
    _, node = run(both, perfect, {"collided": collided})
    assert node.exit_status == 410
    assert "CHGNet" in node.exit_message
