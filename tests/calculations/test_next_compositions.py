"""The choice of a round: what has run is not chosen again, failures neither; values decide where they are known."""

import pytest
from aiida import orm

from aiida_hezsp.calculations.next_compositions import next_compositions
from aiida_hezsp.sfmsd.acquisition import committee


def table(labels):
    return orm.Dict({"rows": {label: {"a": float(number), "b": 1.0} for number, label in enumerate(labels)}})


def choose(results=None, acquisition="greedy", n=2, round_=1):
    rule = {"acquisition": acquisition, "kappa": 1.0, "seed": 1, "round": round_, "n": n}
    known = {"results": {"r0": orm.Dict({"results": results})}} if results else {}
    return next_compositions(rule=orm.Dict(rule), features={"b0": table("cdefghij")}, **known)


def ran(msd):
    return {"msd": msd, "error": None}


def test_values_decide(aiida_profile_clean):
    """Targets grow with the first feature: the largest left are chosen, with what the committee says of them."""
    found = choose({"c": ran(0.0), "d": ran(10.0), "g": ran(40.0), "h": ran(50.0), "j": {"error": "has blown up"}})
    assert found["labels"][0] == "i"
    assert "j" not in found["labels"]
    assert not set(found["labels"]) & set("cdgh")
    mean, deviation = committee([[0, 1], [1, 1], [4, 1], [5, 1]], [0.0, 10.0, 40.0, 50.0], [[6, 1]], seed=2)
    assert found["predicted"][0] == pytest.approx(mean[0])
    assert found["deviation"][0] == pytest.approx(deviation[0])
    assert (found["n_known"], found["best_known"]) == (4, 50.0)


def test_at_random_every_round_draws_anew(aiida_profile_clean):
    first, again, second = (choose(acquisition="random", n=4, round_=round_) for round_ in (0, 0, 1))
    assert first["labels"] == again["labels"] != second["labels"]
    assert first["predicted"] is first["deviation"] is first["best_known"] is None


def test_an_empty_pool(aiida_profile_clean):
    assert choose({label: ran(1.0) for label in "cdefghij"})["labels"] == []
