"""Restart points of relaxations: read whole, refused in one line, or of no concern."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiida_hezsp.errors import TrajectoryError
from aiida_hezsp.potential.arrays import write_npz
from aiida_hezsp.potential.relax_restart import NAMES, RelaxPoint

COURSE = {"optimizer": "LBFGS", "relax_cell": True}
many = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def crystal(crystals):
    return crystals["Li2O"]


@pytest.fixture
def moved(crystal, perturbed):
    return perturbed(crystal, np.random.default_rng(1))


def point_at(path, crystal, course=COURSE, identity="model"):
    return RelaxPoint.of(path, crystal, course, identity)


@pytest.fixture
def kept(crystal, moved, tmp_path):
    point = point_at(tmp_path / "a.npz", crystal)
    point.write(moved, 15)
    return point


def test_what_is_written_is_read(kept, crystal, moved):
    assert kept.read(crystal) == 15
    assert crystal == moved
    assert kept.path.stat().st_size < 2500


def test_nothing_is_read_where_nothing_or_something_else_is_kept(kept, crystal):
    before = crystal.copy()
    other = crystal.copy()
    other.positions[0] += 1e-9
    points = [
        point_at(kept.path.with_name("b.npz"), crystal),
        point_at(kept.path, crystal, COURSE | {"relax_cell": False}),
        point_at(kept.path, crystal, identity="another model"),
        point_at(kept.path, other),
    ]
    assert [point.read(crystal) for point in points] == [0, 0, 0, 0]
    assert crystal == before


@many
@given(data=st.data())
def test_a_damaged_file_is_read_whole_or_refused(kept, crystal, moved, tmp_path, data):
    content = bytearray(kept.path.read_bytes())
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "damaged.npz"
    path.write_bytes(bytes(content))
    atoms, refused = crystal.copy(), ""
    try:
        step = RelaxPoint(path, kept.mark).read(atoms)
    except TrajectoryError as error:
        refused = str(error)
    if refused:
        assert "damaged.npz" in refused
        assert "\n" not in refused
    else:
        assert (step, atoms) == (15, moved)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("atom_positions", lambda array: array[:-1]),
        ("atom_positions", lambda array: array * np.inf),
        ("cell", lambda array: array[:2]),
        ("cell", lambda array: array * 0),
        ("step", lambda array: -array),
        ("step", lambda array: array.astype(float)),
    ],
)
def test_a_well_made_file_with_wrong_arrays_is_refused_and_changes_nothing(kept, crystal, name, change):
    with np.load(kept.path, allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in NAMES}
    write_npz(kept.path, arrays | {name: change(arrays[name])})
    before = crystal.copy()
    with pytest.raises(TrajectoryError, match="is damaged"):
        kept.read(crystal)
    assert crystal == before
