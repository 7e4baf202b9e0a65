import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiida_hezsp.engine.files import plain, read_json, write_json
from aiida_hezsp.errors import InputError


def test_numpy_and_what_is_not_finite_become_plain_json(tmp_path):
    path = tmp_path / "out.json"
    write_json(path, {"a": np.float32(0.5), "b": np.arange(2), "c": (math.nan, math.inf, 1), "d": {1: np.bool_(True)}})
    assert json.loads(path.read_text()) == {"a": 0.5, "b": [0, 1], "c": [None, None, 1], "d": {"1": True}}
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.json"]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_exact(value):
    assert json.loads(json.dumps(plain({"x": np.float64(value)})))["x"] == value


@pytest.mark.parametrize("text", ["", "{", "[NaN]", '{"a": Infinity}', "[" * 100_000, "\xff\xfe"])
def test_what_is_not_json_is_refused(tmp_path, text):
    path = tmp_path / "input.json"
    path.write_bytes(text.encode("latin1"))
    with pytest.raises(InputError, match=r"input\.json cannot be read as JSON"):
        read_json(path)
