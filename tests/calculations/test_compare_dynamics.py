"""Fig. 3 from runs made by hand: random walks and crystals of which everything is known."""

import numpy as np
import pytest
from aiida import orm

from aiida_hezsp.calculations.compare_dynamics import compare_dynamics
from aiida_hezsp.errors import TrajectoryError

RULE = {"window": [0.2, 0.8], "bond_lengths": {"anion": "O", "max_length": 2.9, "bin_width": 0.05, "skip": 0.0}}
CELL = 8.4 * np.eye(3)


def magnesia():
    """MgO, 64 atoms, with four Mg called Li."""
    from ase.build import bulk

    atoms = bulk("MgO", "rocksalt", a=4.2, cubic=True) * 2
    magnesium = [index for index, symbol in enumerate(atoms.get_chemical_symbols()) if symbol == "Mg"]
    atoms.symbols[magnesium[:4]] = "Li"
    return atoms


def run(atoms, *, step, shake, seed, frames=True):
    """Return a trajectory node: Li walks randomly by `step` A a record, everything shakes by `shake` A in frames."""
    rng = np.random.default_rng(seed)
    mobile = atoms.symbols.indices()["Li"]
    walk = np.cumsum(rng.normal(scale=step, size=(400, len(mobile), 3)), axis=0)
    node = orm.ArrayData()
    node.set_array("positions", (atoms.positions[mobile] + walk).astype(np.float32))
    node.set_array("times", np.arange(400) * 10.0)
    node.set_array("temperatures", np.full(400, 900.0))
    node.set_array("potential_energies", np.zeros(400))
    node.set_array("cell", CELL)
    node.set_array("mobile_indices", mobile)
    if frames:
        shaken = atoms.positions + rng.normal(scale=shake, size=(40, len(atoms), 3))
        node.set_array("frames", shaken.astype(np.float32))
        node.set_array("frame_times", np.arange(40) * 100.0)
    return node


def compare(atoms, aimd, chgnet):
    results = orm.Dict({"label_engine": "vasp 6.4.2"})
    return compare_dynamics(
        structure=orm.StructureData(ase=atoms), aimd=aimd, chgnet=chgnet, aimd_results=results, rule=orm.Dict(RULE)
    )


def test_known_walks_and_shells(aiida_profile_clean):
    """MSD of a walk with 3 s^2 a record; six neighbours at 2.1 A; a wider shell overlaps less."""
    atoms = magnesia()
    made = compare(atoms, run(atoms, step=0.1, shake=0.05, seed=1), run(atoms, step=0.2, shake=0.15, seed=2))
    report, curves = made["report"].get_dict(), made["curves"]
    for name, step in (("aimd", 0.1), ("chgnet", 0.2)):
        lag = np.arange(400)[1:20]
        np.testing.assert_allclose(curves.get_array(f"{name}_msd")[1:20], 3 * step**2 * lag, rtol=0.15)
        assert curves.get_array(f"{name}_times")[-1] == 3990.0
        for pair in ("Mg-O", "Li-O"):
            shell = report[name]["bond_lengths"][pair]
            assert shell["mean"] == pytest.approx(2.1, abs=0.03)
            assert shell["neighbours"] == pytest.approx(6, abs=0.3)
    # D = 3 s^2 / (6 * 10 fs), in cm^2/s: 1 A^2/fs is 0.1 cm^2/s
    expected = 3 * 0.1**2 / 60 * 0.1
    assert report["aimd"]["diffusion_coefficient"] == pytest.approx(expected, rel=0.8)
    assert report["aimd"]["label_engine"] == "vasp 6.4.2"
    # Gaussians of widths sqrt(2) 0.05 and sqrt(2) 0.15 round one mean share 0.52 of their area
    assert report["bonds"]["Mg-O"]["overlap"] == pytest.approx(0.52, abs=0.05)


def test_equal_runs_agree(aiida_profile_clean):
    atoms = magnesia()
    node = run(atoms, step=0.1, shake=0.05, seed=1)
    report = compare(atoms, node, node.clone())["report"]
    assert report["bonds"]["Mg-O"]["overlap"] == pytest.approx(1.0)
    assert report["aimd"]["msd"] == report["chgnet"]["msd"]


def test_a_run_without_full_frames_is_refused(aiida_profile_clean):
    atoms = magnesia()
    whole, bare = run(atoms, step=0.1, shake=0.05, seed=1), run(atoms, step=0.1, shake=0.05, seed=1, frames=False)
    with pytest.raises(TrajectoryError, match="the chgnet run has no full frames"):
        compare(atoms, whole, bare)
