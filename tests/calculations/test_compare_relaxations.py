"""Table 1 from nodes made by hand: every number worked out by hand or taken from the nodes."""

import numpy as np
import pytest
from aiida import orm
from vasp_run import VASP_OUTCAR, plain_trajectory, retrieved_files

from aiida_hezsp.calculations.compare_relaxations import compare_relaxations

ELAPSED = "                         Elapsed time (sec):     {:.3f}\n"


def cell(length, *positions, symbols=("Li", "Li", "F", "F")):
    node = orm.StructureData(cell=(length * np.eye(3)).tolist())
    for symbol, position in zip(symbols, positions, strict=True):
        node.append_atom(symbols=symbol, position=(length * np.array(position)).tolist())
    return node


def files(elapsed=None):
    return retrieved_files(VASP_OUTCAR + ("" if elapsed is None else ELAPSED.format(elapsed)))


@pytest.fixture
def compared(aiida_profile_clean):
    """`a`: Li exchanged, one F moved by 0.4 A along x, all shifted; cells 4.0 and 4.04 A. `b`: a run was killed."""
    sites = np.array([[0.1, 0.1, 0.1], [0.6, 0.6, 0.1], [0.6, 0.1, 0.6], [0.1, 0.6, 0.6]])
    moved = sites[[1, 0, 2, 3]] + [0.3, 0.0, 0.2]
    moved[2, 0] += 0.1
    return compare_relaxations(
        dft_structures={"a": cell(4.0, *sites), "b": cell(4.0, *sites)},
        chgnet_structures={"a": cell(4.0, *moved), "b": cell(4.04, *sites)},
        trajectories={"a": plain_trajectory(3, symbols=("Li",) * 4), "b": plain_trajectory(2, symbols=("Li",) * 4)},
        retrieved={"a": {"r0": files(100.25), "r1": files(20.5)}, "b": {"r0": files(), "r1": files(7.0)}},
        chgnet_results={
            "b0": orm.Dict({"results": {"a": {"wall_time_s": 1.5, "energy": -7.5, "n_steps": 9, "converged": True}}}),
            "b1": orm.Dict({"results": {"b": {"wall_time_s": 2.5, "energy": -7.1, "n_steps": 4, "converged": False}}}),
        },
    )["report"].get_dict()


def test_times_energies_and_volumes(compared):
    a, b = compared["structures"]["a"], compared["structures"]["b"]
    assert (a["dft"]["time_s"], a["dft"]["time_is_complete"], a["dft"]["n_runs"]) == (120.75, True, 2)
    assert a["dft"]["energy"] == pytest.approx(-7.002)
    assert a["dft"]["volume"] == pytest.approx(64.0)
    assert a["chgnet"]["time_s"] == 1.5
    assert a["chgnet"]["energy"] == -7.5
    assert (b["dft"]["time_s"], b["dft"]["time_is_complete"], b["dft"]["n_runs"]) == (7.0, False, 2)
    assert (b["chgnet"]["n_steps"], b["chgnet"]["converged"]) == (4, False)
    assert compared["engines"] == ["vasp 6.4.2"]


def test_volume_deviation_and_rssd(compared):
    a, b = compared["structures"]["a"], compared["structures"]["b"]
    # one of four sites moved by 0.4 A, the mean of 0.1 A is the common translation: 0.3^2 + 3 * 0.1^2 = 0.12
    assert a["dv_percent"] == pytest.approx(0.0, abs=1e-9)
    assert a["rssd"] == pytest.approx(np.sqrt(0.12), abs=1e-6)
    assert a["max_distance"] == pytest.approx(0.3, abs=1e-6)
    # 1.01^3 = 1.030301; the same fractional sites are no distance apart
    assert b["dv_percent"] == pytest.approx(3.0301, abs=1e-6)
    assert b["rssd"] == pytest.approx(0.0, abs=1e-6)


def test_the_summary_counts_as_the_paper_does(compared):
    assert compared["summary"]["n"] == 2
    assert compared["summary"]["dv_below_1_percent"] == 1
    assert compared["summary"]["rssd_below_1_A"] == 2
    assert compared["summary"]["median_dv_percent"] == pytest.approx(3.0301 / 2, abs=1e-6)
