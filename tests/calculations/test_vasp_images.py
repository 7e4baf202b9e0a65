"""VASP's numbers become images: every expected value here was worked out by hand."""

import numpy as np
import pytest
from vasp_run import (
    STANDIN_STDOUT,
    VASP_OUTCAR,
    VASP_STDOUT,
    moments_table,
    plain_trajectory,
    retrieved_files,
    trajectory_data,
)

from aiida_hezsp.calculations.vasp_images import images_of_run, images_of_runs, site_moments
from aiida_hezsp.errors import HezspError, ImageError

CELL = [[4.0, 0.0, 0.0], [1.0, 5.0, 0.0], [0.5, -1.0, 6.0]]
FRACTIONAL = [[0.25, 0.5, 0.5], [-0.5, 0.0, 1.0]]
# 0.25 (4,0,0) + 0.5 (1,5,0) + 0.5 (0.5,-1,6), and -0.5 (4,0,0) + (0.5,-1,6)
CARTESIAN = [[1.75, 2.0, 3.0], [-1.5, -1.0, 6.0]]
STRESS_KB = [[10.0, 2.0, 0.0], [2.0, -30.0, 4.0], [0.0, 4.0, 50.0]]
STRESS_GPA = [[-1.0, -0.2, 0.0], [-0.2, 3.0, -0.4], [0.0, -0.4, -5.0]]


@pytest.fixture
def triclinic(aiida_profile_clean):
    """Three steps of a triclinic cell that grows: 1, 2 and 3 times the cell above."""
    forces = np.arange(18.0).reshape(3, 2, 3)
    scales = np.arange(1.0, 4.0)[:, None, None]
    return trajectory_data(
        ["Li", "O"],
        scales * CELL,
        np.tile(FRACTIONAL, (3, 1, 1)),
        forces,
        scales * STRESS_KB,
        [-5.0, -6.0, -7.0],
    )


def test_positions_are_made_cartesian_with_the_cell_of_their_step(triclinic):
    images = images_of_run(triclinic, retrieved_files(), "A", "r0")
    for step in range(3):
        np.testing.assert_allclose(images.positions[images.rows(step)], (step + 1) * np.array(CARTESIAN), atol=1e-14)
        np.testing.assert_array_equal(images.cells[step], (step + 1) * np.array(CELL))


def test_stress_changes_unit_and_sign(triclinic):
    """A cell that VASP says wants to expand (+10 kB) is under -1 GPa: compressed, in ASE's sign."""
    images = images_of_run(triclinic, retrieved_files(), "A", "r0")
    np.testing.assert_allclose(images.stresses[0], STRESS_GPA, atol=1e-14)
    np.testing.assert_allclose(images.stresses[2], 3 * np.array(STRESS_GPA), atol=1e-14)


def test_energies_forces_and_origin_are_kept(triclinic):
    images = images_of_run(triclinic, retrieved_files(), "Li3Hf2Si2PO12", "r1")
    assert images.energies.tolist() == [-5.0, -6.0, -7.0]
    assert images.forces[images.rows(1)].tolist() == [[6.0, 7.0, 8.0], [9.0, 10.0, 11.0]]
    assert images.numbers.tolist() == [3, 8] * 3
    assert images.steps.tolist() == [0, 1, 2]
    assert set(images.groups) == {"Li3Hf2Si2PO12"}
    assert set(images.sources) == {"r1"}


def test_one_step_with_arrays_of_two_is_one_image(aiida_profile_clean):
    """aiida-vasp repeats the only step of a single point in every array but the energies."""
    trajectory = trajectory_data(
        ["Li", "O"], [CELL, CELL], [FRACTIONAL] * 2, np.ones((2, 2, 3)), [STRESS_KB] * 2, [-5.0]
    )
    images = images_of_run(trajectory, retrieved_files(VASP_OUTCAR + moments_table([0.1, -0.2])), "A", "f3")
    assert len(images) == 1
    np.testing.assert_allclose(images.positions, CARTESIAN)
    assert images.magmoms.tolist() == [0.1, 0.2]


@pytest.mark.parametrize("name", ["forces", "stress", "energy_extrapolated"])
def test_what_is_missing_is_named(aiida_profile_clean, name):
    trajectory = plain_trajectory(2)
    trajectory.delete_array(name)
    with pytest.raises(ImageError, match=f"run 'r0' of LiF: the trajectory lacks {name}$"):
        images_of_run(trajectory, retrieved_files(), "LiF", "r0")


def test_moments_of_every_step():
    outcar = VASP_OUTCAR + moments_table([1.5, -2.5]) + "some lines\n" + moments_table([0.25, 3.0])
    assert site_moments(outcar, 2, 2).tolist() == [[1.5, 2.5], [0.25, 3.0]]


def test_the_total_is_read_where_there_are_f_electrons():
    assert site_moments(moments_table([6.9, 0.1], f_electrons=True), 1, 2).tolist() == [[6.9, 0.1]]


@pytest.mark.parametrize("n_tables", [1, 2])
def test_fewer_tables_than_steps_are_known_of_the_last_step_only(n_tables):
    outcar = "".join(moments_table([float(number), 0.5]) for number in range(n_tables))
    moments = site_moments(outcar, 3, 2)
    assert np.isnan(moments[:2]).all()
    assert moments[2].tolist() == [n_tables - 1.0, 0.5]


def test_a_table_cut_short_is_no_table():
    """What a killed VASP leaves: the last table ends after the first of three ions."""
    whole = moments_table([1.0, 2.0, 3.0])
    cut = "\n".join(moments_table([4.0, 5.0, 6.0]).splitlines()[:5])
    moments = site_moments(whole + cut, 2, 3)
    assert np.isnan(moments[0]).all()
    assert moments[1].tolist() == [1.0, 2.0, 3.0]


def test_a_killed_runs_table_of_a_step_that_it_did_not_complete_is_not_used():
    outcar = "".join(moments_table([float(number), 0.5]) for number in range(3))
    assert site_moments(outcar, 2, 2, killed=True).tolist() == [[0.0, 0.5], [1.0, 0.5]]


def test_without_tables_moments_are_unknown(triclinic):
    assert np.isnan(site_moments(VASP_OUTCAR, 2, 3)).all()
    assert np.isnan(images_of_run(triclinic, retrieved_files(), "A", "r0").magmoms).all()


@pytest.mark.parametrize(
    ("outcar", "stdout", "engine"),
    [
        (VASP_OUTCAR, VASP_STDOUT, "vasp 6.4.2"),
        (VASP_OUTCAR, "", "vasp 6.4.2"),
        (
            " vasp.5.4.4.18Apr17-6-g9f103f2a35 (build Nov 19 2019 10:50:17) complex\n",
            "",
            "vasp 5.4.4.18Apr17-6-g9f103f2a35",
        ),
        ("executed on LinuxIFC\n", STANDIN_STDOUT, "standin emt"),
        (" vasp.6.4.2 as the version that is imitated\n", STANDIN_STDOUT, "standin emt"),
    ],
)
def test_the_label_engine_is_read_from_the_jobs_own_output(triclinic, outcar, stdout, engine):
    images = images_of_run(triclinic, retrieved_files(outcar, stdout), "A", "r0")
    assert set(images.engines) == {engine}


def test_labels_of_an_unknown_engine_are_refused(triclinic):
    with pytest.raises(HezspError, match="do not say which engine made the labels"):
        images_of_run(triclinic, retrieved_files("some text", "some more"), "A", "r0")


def test_runs_come_in_the_order_of_their_keys(aiida_profile_clean):
    keys = ["r1", "r0", "r10", "r2"]
    inputs = {
        "trajectories": {key: plain_trajectory(n) for n, key in enumerate(keys, start=1)},
        "retrieved": {key: retrieved_files() for key in keys},
    }
    sets, left_out = images_of_runs(inputs, dict.fromkeys(keys, "LiF"))
    assert left_out == []
    assert [str(images.sources[0]) for images in sets] == ["r0", "r1", "r2", "r10"]
    assert [len(images) for images in sets] == [2, 1, 4, 3]


def test_a_run_that_cannot_be_read_does_not_cost_the_others(aiida_profile_clean):
    inputs = {
        "trajectories": {"r0": plain_trajectory(2), "r1": plain_trajectory(2)},
        "retrieved": {
            "r0": retrieved_files(),
            "r1": retrieved_files("some text", "some more"),
            "r2": retrieved_files(),
        },
    }
    sets, left_out = images_of_runs(inputs, dict.fromkeys(inputs["retrieved"], "LiF"))
    assert [images.sources[0] for images in sets] == ["r0"]
    assert [(entry["source"], entry["step"]) for entry in left_out] == [("r1", None), ("r2", None)]
    assert "do not say which engine made the labels" in left_out[0]["reason"]
    assert left_out[1]["reason"] == "run 'r2' of LiF: there is no vasprun.xml"
