"""Conservation: planted drifts are found, and a real run conserves, also when it is interrupted."""

import json

import numpy as np
import pytest

from aiida_hezsp.errors import TrajectoryError

SHORT = ["--cell", "primitive", "--backend", "torch", "--equilibration", "0.003", "--record-every", "1"]


@pytest.fixture(scope="module")
def conservation(example):
    return example("conservation")


def test_a_planted_drift_is_found_within_its_error(conservation):
    rng, times, n = np.random.default_rng(0), np.arange(2001) * 0.005, 160
    kinetic = 1.5 * n * 8.617333e-5 * 1000 + rng.normal(0, 0.3, 2001)
    noise = np.convolve(rng.normal(0, 0.02, 2030), np.ones(30) / 30, mode="valid")  # correlated over 30 records
    for slope in (0.0, 0.05):  # meV/atom/ps
        potential = -1000 - kinetic + slope * 1e-3 * n * times + noise
        found = conservation.analyse(times, potential, kinetic, n)
        assert found["drift_mev_per_atom_ps"] == pytest.approx(slope, abs=4 * found["drift_error"])
        assert found["drift_error"] < 0.01
        assert found["fluctuation_mev_per_atom"] == pytest.approx(noise.std() / n * 1e3, rel=0.1)
        assert found["temperature_mean"] == pytest.approx(1000, rel=0.01)


def test_a_run_conserves_and_an_interrupted_one_ends_the_same(conservation, tmp_path, capsys):
    for out, lengths in (("whole", ["0.02"]), ("parts", ["0.012", "0.02"])):
        for length in lengths:
            conservation.main([*SHORT, "--length", length, "--out", str(tmp_path / out)])
    found = json.loads((tmp_path / "whole" / "conservation_torch.json").read_text(encoding="utf8"))["result"]
    assert found["n_atoms"] == 40
    assert found["length_ps"] == pytest.approx(0.02)
    assert found["range_mev_per_atom"] < 2.0
    assert found["fluctuation_over_kinetic"] < 0.05
    whole, parts = (np.load(tmp_path / out / "conservation_torch.npz") for out in ("whole", "parts"))
    for name in ("potential", "kinetic", "positions", "momenta"):
        np.testing.assert_array_equal(parts[name], whole[name], err_msg=name)
    assert (tmp_path / "whole" / "conservation_torch.png").stat().st_size > 10_000
    with pytest.raises(TrajectoryError, match="belongs to a run with other settings"):
        conservation.main([*SHORT, "--seed", "2", "--out", str(tmp_path / "whole")])
    assert "step 20/20" in capsys.readouterr().out
