"""Predictions beside MD: rows, order, summary, and runs that failed."""

import pytest
from aiida import orm

from aiida_hezsp.calculations.region_check import region_check

RULE = {"low": 40.0, "high": 120.0, "per_region": 1, "seed": 1, "max_error": 30.0, "max_relative_error": 0.25}


def prediction(label, msd):
    engines = ["standin emt"]
    return orm.Dict(
        {"label": label, "formula": label, "msd": msd, "msd_low": 0.0, "msd_high": 200.0, "label_engines": engines}
    )


def test_rows_and_summary(aiida_profile_clean):
    ok = {"msd_error": 5.0, "length_ps": 100.0, "error": None}
    runs = orm.Dict({"results": {"a": {"msd": 50.0, **ok}, "b": {"msd": 160.0, **ok}, "c": {"error": "has blown up"}}})
    predictions = {name: prediction(name, msd) for name, msd in {"a": 30.0, "b": 130.0, "c": 90.0, "d": 70.0}.items()}
    population = {"high": 1, "medium": 2, "low": 1}
    found = region_check(
        rule=orm.Dict({**RULE, "population": population}), predictions=predictions, results={"b0": runs}
    )
    assert [row["label"] for row in found["rows"]] == ["b", "a"]
    first = found["rows"][0]
    assert (first["predicted"], first["md"], first["md_error"]) == (130.0, 160.0, 5.0)
    assert first["accepted_by"] == "relative error"
    assert first["relative_error"] == pytest.approx(-30 / 160)
    assert orm.load_node(first["uuid"])["label"] == "b"
    assert found["rows"][1]["accepted_by"] == "error"
    assert not found["rows"][1]["in_region"]
    assert found["summary"]["all"] == {
        "checked": 2,
        "accepted": 2,
        "mean_error": -25.0,
        "rmse": pytest.approx(25.495, abs=1e-3),
    }
    assert found["failed"] == {"c": "has blown up", "d": "no MD run"}
    assert found["population"] == population
    assert found["length_ps"] == 100.0
    assert found["label_engines"] == ["standin emt"]


def test_engines_are_those_of_predictions_and_of_the_md_model(aiida_profile_clean):
    run = {"msd": 50.0, "msd_error": 5.0, "length_ps": 100.0, "error": None}
    runs = orm.Dict({"results": {"a": run}, "model": {"label_engines": ["vasp 6.4.2"]}})
    found = region_check(rule=orm.Dict(RULE), predictions={"a": prediction("a", 30.0)}, results={"b0": runs})
    assert found["label_engines"] == ["standin emt", "vasp 6.4.2"]
