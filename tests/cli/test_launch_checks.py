"""Launching AIMD and the transfer checks: plans, refused input, and a real AIMD run with its report."""

import json

import pytest
from aiida import orm
from click.testing import CliRunner

from aiida_hezsp.cli.root import cmd_root

HOST = "Li3Zr2Si2PO12"
ALLOY = "LiCu3\n1.0\n3.6 0 0\n0 3.6 0\n0 0 3.6\nLi Cu\n1 3\nDirect\n0 0 .01\n0 .5 .5\n.5 0 .5\n.5 .51 0\n"


def launch(*arguments):
    return CliRunner().invoke(cmd_root, ["launch", *map(str, arguments)])


@pytest.fixture(scope="module")
def ready(aiida_profile):
    """A profile that is set up; returns how many nodes it holds, as a function."""
    from aiida_hezsp.cli.environment import ensure_codes, ensure_computer, ensure_standin_potentials

    aiida_profile.reset_storage()
    ensure_codes(ensure_computer())
    ensure_standin_potentials()
    yield lambda: orm.QueryBuilder().append(orm.Node).count()
    aiida_profile.reset_storage()


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("aimd", HOST), ["AIMD"]),
        (("check-relaxation", HOST, "Li3Hf2Si2PO12"), ["CHGNet relaxations", "DFT relaxations"]),
        (("check-dynamics", HOST), ["AIMD", "CHGNet MD"]),
    ],
)
def test_a_dry_run_says_what_would_run_and_stores_nothing(ready, arguments, names):
    before = ready()
    result = launch(*arguments, "--protocol", "paper", "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    stages = json.loads(result.stdout)
    assert [stage["name"] for stage in stages] == names
    assert all(stage["core_hours"] > 0 for stage in stages)
    assert ready() == before


def test_the_plan_of_an_aimd_run_counts_its_segments(ready):
    (stage,) = json.loads(launch("aimd", HOST, "--protocol", "paper", "--dry-run", "--json").stdout)
    assert (stage["steps"], stage["jobs"]) == (50000, 10)
    arguments = ("--temperature", "1100", "--set", "dft.aimd.n_steps=100001")
    (longer,) = json.loads(launch("aimd", HOST, "--protocol", "paper", "--dry-run", "--json", *arguments).stdout)
    assert (longer["steps"], longer["jobs"]) == (100001, 21)
    assert "1100 K" in longer["what"]
    assert longer["core_hours"] == pytest.approx(2 * stage["core_hours"], rel=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("aimd", "no_such.cif"), "no_such.cif does not exist"),
        (("check-dynamics", HOST, "--model", "nonsense"), "'nonsense' was not found"),
        (("check-relaxation", HOST, "--vasp-code", "nothing@localhost"), "code 'nothing@localhost' was not found"),
        (("aimd", HOST, "--set", "dft.aimd.nsteps=3"), "setting 'dft.aimd.nsteps' does not exist"),
    ],
)
def test_wrong_input_is_one_line_and_stores_nothing(ready, arguments, message):
    before = ready()
    result = launch(*arguments)
    assert result.exit_code == 1
    assert message in result.output
    assert result.output.count("\n") == 1
    assert ready() == before


@pytest.mark.parametrize("command", ["aimd", "check-dynamics"])
def test_a_structure_without_the_mobile_ion_is_refused_in_one_line(ready, tmp_path, command):
    path = tmp_path / "copper.vasp"
    path.write_text(ALLOY.replace("Li Cu", "Ni Cu"))
    result = launch(command, path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Li" in result.stderr
    assert result.stderr.count("\n") == 1


def test_settings_that_a_validator_refuses_are_one_line(ready):
    result = launch("aimd", HOST, "--set", "dft.aimd.window=[2.0, 1.0]")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "window" in result.stderr
    assert result.stderr.count("\n") == 1


def test_aimd_runs_and_is_shown(ready, tmp_path):
    alloy = tmp_path / "alloy.vasp"
    alloy.write_text(ALLOY)
    settings = {
        "n_steps": 12, "segment_steps": 12, "record_every": 1, "frames_every": 2,
        "bond_lengths.anion": "Cu", "bond_lengths.skip": 0.0,
    }  # fmt: skip
    options = [f"--set=dft.aimd.{name}={value}" for name, value in settings.items()]
    result = launch("aimd", alloy, "--protocol", "demo", *options)
    assert result.exit_code == 0, result.output
    (node,) = orm.QueryBuilder().append(orm.WorkChainNode, filters={"label": "dft.aimd (demo)"}).all(flat=True)
    assert f"<{node.pk}>" in result.output
    shown = CliRunner().invoke(cmd_root, ["check", str(node.pk), "--output", str(tmp_path / "aimd.png")])
    assert shown.exit_code == 0, shown.output
    assert "MSD (A^2)" in shown.output
    assert "Li-Cu" in shown.output
    assert (tmp_path / "aimd.png").stat().st_size > 10_000
