"""The spread over decorations; what failed is named and left out."""

import pytest
from aiida import orm

from aiida_hezsp.calculations.robustness import robustness


def test_spread_and_failures(discovery):
    model = discovery.nodes.sfmsd_model
    names = model.load().features
    rows = {key: dict.fromkeys(names, value) for key, value in {"x_s1": 0.2, "x_s2": 0.4, "x_s3": 0.9}.items()}
    entries = {
        key: {"energy_per_atom": energy, "volume": 500.0 + 10 * energy, "error": None}
        for key, energy in {"x_s1": -7.0, "x_s2": -7.2, "x_s3": -7.1}.items()
    }
    entries["x_s4"] = {"error": "the relaxation has blown up"}
    table = orm.Dict({"rows": {key: rows[key] for key in ("x_s1", "x_s2")}, "failed": {"x_s3": "no polyhedron"}})
    found = robustness(relaxations={"b0": orm.Dict({"results": entries})}, features={"b0": table}, models={"m0": model})
    assert found["keys"] == ["x_s1", "x_s2"]
    assert found["failed"] == {"x_s3": "no polyhedron", "x_s4": "the relaxation has blown up"}
    assert found["predictions"]["GB"] == pytest.approx(model.load().predict([rows["x_s1"], rows["x_s2"]]))
    assert found["spread"]["energy"] == {
        "n": 2, "mean": pytest.approx(-7.1), "std": pytest.approx(0.2 / 2**0.5), "min": -7.2, "max": -7.0,
        "relative": pytest.approx(0.2 / 2**0.5 / 7.1),
    }  # fmt: skip
    assert found["volumes"] == [430.0, 428.0]
