"""Segments of real stand-in files become one trajectory: against the run in one piece, and numbers taken from it."""

import re

import numpy as np
import pytest
from aiida import orm
from ase.build import bulk
from standin_files import retrieved_of, standin_run, write_inputs

from aiida_hezsp.calculations.aimd_trajectory import aimd_trajectory, segment_of
from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.standin.run import Options, run

MD = {"IBRION": 0, "POTIM": 2.0, "TEBEG": 800, "SMASS": 0, "ISPIN": 1}
RULE = {
    "mobile": "Al",
    "timestep": 2.0,
    "record_every": 2,
    "frames_every": 5,
    "window": [0.2, 0.8],
    "bond_lengths": {"anion": "Cu", "max_length": 3.4, "bin_width": 0.05, "skip": 0.0},
}


def alloy():
    """Cu3Al twice, sorted by element, two Al."""
    atoms = bulk("Cu", cubic=True) * (2, 1, 1)
    atoms.symbols[[0, 5]] = "Al"
    atoms = atoms[np.argsort(atoms.get_chemical_symbols(), kind="stable")]
    atoms.rattle(0.03, seed=4)
    return atoms


def test_one_run_gives_its_own_numbers(localhost):
    made = standin_run(localhost, alloy(), NSW=30, **MD)
    outputs = aimd_trajectory(
        rule=orm.Dict(RULE), trajectories={"s0": made.trajectory}, retrieved={"s0": made.retrieved}
    )
    trajectory, results = outputs["trajectory"], outputs["results"].get_dict()
    energies = made.trajectory.get_array("energy_extrapolated")
    np.testing.assert_allclose(trajectory.get_array("potential_energies"), energies[::2])
    outcar = made.retrieved.base.repository.get_object_content("OUTCAR")
    temperatures = np.array(re.findall(r"temperature\s+([\d.]+) K\)", outcar), dtype=float)
    assert len(temperatures) == 30
    np.testing.assert_allclose(trajectory.get_array("temperatures"), temperatures[::2])
    assert results["temperature_mean"] == pytest.approx(temperatures[::2][7:].mean())
    # by direct sums over all origins, on positions that are unwrapped and whose framework rests
    positions = trajectory.get_array("positions").astype(float)
    direct = [((positions[lag:] - positions[: len(positions) - lag]) ** 2).sum(-1).mean() for lag in range(1, 15)]
    np.testing.assert_allclose(trajectory.get_array("msd")[1:], direct, atol=1e-6)
    assert results["msd"] == pytest.approx(np.mean(direct[2:11]), rel=1e-5)  # lags 3 to 11 of 14: 0.2 to 0.8
    assert results["n_mobile"] == 2
    assert results["length_ps"] == pytest.approx(0.056)
    assert results["label_engine"] == "standin emt"
    assert results["unconverged_steps"] == 0
    assert trajectory.get_array("frames").shape == (6, 8, 3)
    assert set(results["bond_lengths"]) == {"Al-Cu"}


def test_segments_are_the_run_in_one_piece(localhost, tmp_path):
    whole = standin_run(localhost, alloy(), NSW=30, **MD)
    expected = aimd_trajectory(
        rule=orm.Dict(RULE), trajectories={"s0": whole.trajectory}, retrieved={"s0": whole.retrieved}
    )["trajectory"]
    retrieved = {}
    write_inputs(tmp_path, alloy(), NSW=10, **MD)
    for number in range(3):
        with (tmp_path / "vasp_output").open("w") as stdout:
            run(tmp_path, Options(calculator="emt"), stdout)
        retrieved[f"s{number}"] = retrieved_of(tmp_path)
        (tmp_path / "POSCAR").write_text((tmp_path / "CONTCAR").read_text())
    # no trajectories: all of them read as those of killed runs are, by pymatgen
    joined = aimd_trajectory(rule=orm.Dict(RULE), retrieved=retrieved)
    for name in ("positions", "frames", "potential_energies", "msd"):
        np.testing.assert_allclose(joined["trajectory"].get_array(name), expected.get_array(name), atol=2e-5)
    assert joined["results"]["n_segments"] == 3
    with pytest.raises(TrajectoryError, match="segment s1 does not continue the one before it"):
        aimd_trajectory(rule=orm.Dict(RULE), retrieved={"s0": retrieved["s0"], "s1": retrieved["s2"]})


def test_temperatures_that_outcar_does_not_print_are_unknown(aiida_profile_clean):
    from vasp_run import plain_trajectory, retrieved_files

    segment = segment_of("s0", plain_trajectory(3), retrieved_files(" vasp.6.4.2\n (temperature   912.50 K)\n"))
    assert segment.temperatures[0] == 912.5
    assert np.isnan(segment.temperatures[1:]).all()


def test_without_the_anion_there_are_no_bond_lengths(localhost):
    made = standin_run(localhost, alloy(), NSW=12, **MD)
    rule = {**RULE, "bond_lengths": {**RULE["bond_lengths"], "anion": "O"}}
    outputs = aimd_trajectory(
        rule=orm.Dict(rule), trajectories={"s0": made.trajectory}, retrieved={"s0": made.retrieved}
    )
    assert outputs["results"]["bond_lengths"] == {}
    assert "bond_lengths" not in outputs["trajectory"].get_arraynames()
