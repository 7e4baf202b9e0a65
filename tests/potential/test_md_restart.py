"""Restart points: whatever has happened to the file, it is read whole or refused in one line."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.potential.arrays import write_npz
from aiida_hezsp.potential.md_restart import NAMES, fingerprint, read_restart, write_restart
from aiida_hezsp.potential.md_settings import MdSettings
from aiida_hezsp.potential.trajectory import Recorder

SETTINGS = MdSettings(n_steps=20, record_every=2, frames_every=4)
many = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def start(crystals):
    return crystals["LiF"].repeat((2, 1, 1))


def recorder_of(atoms, run=SETTINGS):
    return Recorder(atoms, [0, 2], run)


@pytest.fixture
def point(start, tmp_path):
    """A restart file at step 8, and what was written into it."""
    from ase.calculators.singlepoint import SinglePointCalculator

    atoms, recorder = start.copy(), recorder_of(start)
    rng = np.random.default_rng(0)
    for step in range(9):
        atoms.positions += rng.normal(0, 0.01, atoms.positions.shape)
        atoms.set_momenta(rng.normal(0, 1, atoms.positions.shape))
        atoms.calc = SinglePointCalculator(atoms, energy=rng.normal(), forces=atoms.positions)
        recorder.record(atoms, step)
    path = tmp_path / "run.npz"
    write_restart(path, fingerprint(start, SETTINGS, "model"), 8, atoms, recorder)
    return path, atoms, recorder


def state(atoms, recorder):
    series = {name: np.array(values) for name, values in recorder.series.items()}
    return {"positions of atoms": atoms.positions, "momenta": atoms.get_momenta(), "start": recorder.start, **series}


def read(path, start, run=SETTINGS):
    atoms, recorder = start.copy(), recorder_of(start, run)
    step = read_restart(path, fingerprint(start, run, "model"), atoms, recorder)
    return step, atoms, recorder


def assert_whole(found, point):
    _, atoms, recorder = point
    assert found[0] == 8
    for name, value in state(*found[1:]).items():
        np.testing.assert_array_equal(value, state(atoms, recorder)[name], err_msg=name)


def test_what_is_written_is_read(point, start):
    assert_whole(read(point[0], start), point)


@many
@given(data=st.data())
def test_a_file_that_ends_too_early_is_refused(point, start, tmp_path, data):
    content = point[0].read_bytes()
    path = tmp_path / "cut.npz"
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(TrajectoryError, match=r"cut\.npz") as caught:
        read(path, start)
    assert "\n" not in str(caught.value)


@many
@given(data=st.data())
def test_a_file_with_changed_bytes_is_read_whole_or_refused(point, start, tmp_path, data):
    content = bytearray(point[0].read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "damaged.npz"
    path.write_bytes(bytes(content))
    try:
        found = read(path, start)
    except TrajectoryError:
        return
    assert_whole(found, point)


@many
@given(content=st.binary(max_size=400))
def test_any_other_file_is_refused(start, tmp_path, content):
    path = tmp_path / "foreign.npz"
    path.write_bytes(content)
    with pytest.raises(TrajectoryError, match=r"foreign\.npz"):
        read(path, start)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("atom_positions", lambda array: array[:-1]),
        ("momenta", lambda array: array.astype(np.float32)),
        ("momenta", lambda array: array * np.nan),
        ("start", lambda array: array[:2]),
        ("positions", lambda array: array[:-1]),
        ("positions", lambda array: array[:, :1]),
        ("temperatures", lambda array: array[:-1]),
        ("potential_energies", lambda array: array.astype("U9")),
        ("frames", lambda array: array[:, :2]),
        ("step", lambda array: array + 2),
        ("step", lambda array: -array),
        ("step", lambda array: array.astype(float)),
        ("step", lambda array: np.array([array, array])),
        ("fingerprint", lambda array: np.array([array, array])),
    ],
)
def test_a_well_made_file_with_wrong_arrays_is_refused_and_changes_nothing(point, start, name, change):
    with np.load(point[0], allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in NAMES}
    write_npz(point[0], arrays | {name: change(arrays[name])})
    atoms, recorder = start.copy(), recorder_of(start)
    with pytest.raises(TrajectoryError, match=r"is damaged|belongs to another run"):
        read_restart(point[0], fingerprint(start, SETTINGS, "model"), atoms, recorder)
    assert atoms == start
    assert recorder.series["positions"] == []


@pytest.mark.parametrize("names", [NAMES[:-1], (*NAMES, "more")])
def test_missing_and_foreign_arrays_are_named(point, start, names):
    with np.load(point[0], allow_pickle=False) as archive:
        arrays = {key: archive[key] if key in NAMES else np.zeros(1) for key in names}
    write_npz(point[0], arrays)
    with pytest.raises(TrajectoryError, match=r"lacks the arrays frames|do not belong there: more"):
        read(point[0], start)


def test_pickled_objects_are_never_loaded(point, start):
    with np.load(point[0], allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in NAMES}
    np.savez(point[0], **arrays | {"frames": np.array([{"any": "object"}], dtype=object)})
    with pytest.raises(TrajectoryError, match="unpickled"):
        read(point[0], start)


def test_the_fingerprint_knows_what_decides_a_run(start):
    mark = fingerprint(start, SETTINGS, "model")
    moved = start.copy()
    moved.positions[0, 0] += 1e-12
    others = [
        fingerprint(moved, SETTINGS, "model"),
        fingerprint(start, SETTINGS, "other"),
        *(fingerprint(start, replace(SETTINGS, **{name: 3}), "model") for name in ("seed", "taut", "record_every")),
    ]
    assert mark not in others
    free = {"n_steps": 9, "restart_every": 7, "max_temperature_factor": 2.0, "max_displacement": 1.0, "min_distance": 1}
    assert all(fingerprint(start, replace(SETTINGS, **{key: value}), "model") == mark for key, value in free.items())
