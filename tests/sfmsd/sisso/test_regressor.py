"""The estimator: planted formulas, scikit-learn's contract, files, costs and refusals."""

import json
import resource
import time

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from aiida_hezsp.errors import CostError, ModelFileError, SettingsError
from aiida_hezsp.sfmsd import SISSORegressor

PLANTED = {
    1: lambda x: 2.0 + 3.0 * x[:, 0] / x[:, 1],
    2: lambda x: 1.0 + 5.0 * x[:, 0] * x[:, 1] - 4.0 * np.exp(-x[:, 2]),
    3: lambda x: 1.0 + 5.0 * x[:, 0] * x[:, 1] - 4.0 * np.exp(-x[:, 2]) + 2.0 * np.sin(x[:, 3]),
}


def table(seed, n=80):
    return np.random.default_rng(seed).uniform(0.5, 3.0, size=(n, 4))


@parametrize_with_checks([SISSORegressor(complexity=1)])
def test_scikit_learns_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("terms", PLANTED)
def test_finds_planted_formulas(terms, seed):
    x, fresh = table(seed), table(1000 + seed)
    y = PLANTED[terms](x)
    model = SISSORegressor(dimension=terms, complexity=1, subspace_size=20).fit(x, y)
    np.testing.assert_allclose(model.predict(fresh), PLANTED[terms](fresh), rtol=1e-8)
    assert model.dimension_ <= terms


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("metric", ["RMSE", "MaxAE"])
def test_finds_two_terms_under_noise(seed, metric):
    x = table(seed)
    y = PLANTED[2](x) + np.random.default_rng(seed).normal(scale=0.02, size=len(x))
    model = SISSORegressor(dimension=2, complexity=1, subspace_size=20, metric=metric).fit(x, y)
    assert set(model.expressions_) == {"x0 * x1", "exp(-x2)"}
    by_name = dict(zip(model.expressions_, model.coef_, strict=True))
    assert by_name["x0 * x1"] == pytest.approx(5.0, abs=0.05)
    assert by_name["exp(-x2)"] == pytest.approx(-4.0, abs=0.2)


def test_stops_when_nothing_is_left_and_says_so():
    x = table(0)
    model = SISSORegressor(dimension=3, complexity=1).fit(x, PLANTED[1](x))
    assert model.dimension_ == 1
    assert model.expressions_ == ["x0 / x1"]
    assert model.intercept_ == pytest.approx(2.0)


def test_errors_fall_with_the_dimension_and_repeat():
    x = table(2)
    y = np.random.default_rng(2).normal(size=len(x))
    first, second = (SISSORegressor(dimension=4, complexity=2).fit(x, y) for _ in range(2))
    errors = [model.rmse for model in first.models_]
    assert errors == sorted(errors, reverse=True)
    assert len(errors) == 5
    assert first.to_dict() == second.to_dict()


@pytest.fixture
def fitted():
    x = table(3)
    return SISSORegressor(dimension=2, complexity=1, units=("A", "A", "1", "1")).fit(x, PLANTED[2](x)), x


def test_json_round_trip(fitted, tmp_path):
    model, x = fitted
    model.save(tmp_path / "SISSO.json")
    again = SISSORegressor.load(tmp_path / "SISSO.json")
    assert (again.predict(x) == model.predict(x)).all()
    assert again.to_dict() == model.to_dict()
    assert again.expressions_ == model.expressions_


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: record.update(format="aiida-hezsp.sisso/9"),
        lambda record: record.update(code="print()"),
        lambda record: record["models"][-1]["terms"][0].update(expression=[99]),
        lambda record: record["models"][-1]["terms"][0].update(expression=[0, "__import__"]),
        lambda record: record["models"][-1]["terms"][0].update(text="x9"),
        lambda record: record["models"][-1].update(intercept="1"),
        lambda record: record["parameters"].update(dimension=10**9),
        lambda record: record.pop("models"),
    ],
)
def test_refuses_spoilt_records(fitted, spoil):
    record = fitted[0].to_dict()
    spoil(record)
    with pytest.raises(ModelFileError):
        SISSORegressor.from_dict(json.loads(json.dumps(record)))


def test_parameters_survive_get_set_and_clone():
    given = SISSORegressor(3, 2, 20, "MaxAE", ("+", "*"), names=["a", "b"], units=["A", "1"], max_seconds=7.0)
    parameters = given.get_params()
    assert (parameters["dimension"], parameters["metric"], parameters["names"]) == (3, "MaxAE", ["a", "b"])
    assert clone(given).get_params() == parameters
    assert SISSORegressor().set_params(**parameters).get_params() == parameters
    with pytest.raises(ValueError, match="Invalid parameter 'colour'"):
        given.set_params(colour=1)


def test_names_are_those_of_the_expressions(tmp_path):
    x = table(0)[:, :2]
    model = SISSORegressor(1, 1, names=["x_li", "volume"]).fit(x, 3.0 * x[:, 0] * x[:, 1])
    assert model.expressions_ == ["x_li * volume"]
    assert model.text().endswith("(x_li * volume)")
    model.save(tmp_path / "SISSO.json")
    assert SISSORegressor.load(tmp_path / "SISSO.json").expressions_ == ["x_li * volume"]
    with pytest.raises(SettingsError, match="3 names are given for 2 columns"):
        SISSORegressor(1, 1, names=["a", "b", "c"]).fit(x, x[:, 0])


def test_refuses_files(tmp_path):
    with pytest.raises(ModelFileError, match="cannot be read"):
        SISSORegressor.load(tmp_path / "none.json")
    (tmp_path / "long.json").write_bytes(b" " * (4 * 2**20 + 1))
    with pytest.raises(ModelFileError, match="more than"):
        SISSORegressor.load(tmp_path / "long.json")


def test_undefined_rows(fitted):
    x = np.random.default_rng(0).uniform(0.5, 3.0, size=(60, 2))
    y = np.log(x[:, 0])
    outside = np.array([[-1.0, 1.0], [1.0, 1.0]])
    model = SISSORegressor(dimension=1, complexity=1, undefined="mean").fit(x, y)
    with pytest.warns(UserWarning, match="1 of 2 rows"):
        np.testing.assert_allclose(model.predict(outside), [y.mean(), 0.0], atol=1e-10)
    model.undefined = "nan"
    with pytest.warns(UserWarning, match="no value"):
        assert np.isnan(model.predict(outside)).tolist() == [True, False]


def test_says_the_cost_first_and_refuses_too_much():
    lines = []
    x = table(0)
    with pytest.raises(CostError, match="max_seconds"):
        SISSORegressor(dimension=7, complexity=4, max_seconds=1.0, progress=lines.append).fit(x, x[:, 0])
    assert lines[0].startswith("SISSO: 4 + ")
    with pytest.raises(CostError, match="max_memory"):
        SISSORegressor(complexity=2, max_memory=2**20).fit(x, x[:, 0])


def test_cost_of_the_papers_setting():
    cost = SISSORegressor(dimension=7, complexity=4, subspace_size=10, metric="MaxAE").cost(17, 150)
    assert cost.features[-1] == 1_006_479_747
    assert cost.fits[-1] == 1_198_774_720  # C(70, 7)
    assert all(cost.exact)
    assert cost.memory < 2**31


@pytest.mark.parametrize(
    "wrong",
    [
        {"metric": "R2"},
        {"dimension": 0},
        {"complexity": 9},
        {"operators": ("+", "cosh")},
        {"units": ("A",)},
        {"value_limits": (1.0, 0.1)},
    ],
)
def test_refuses_settings(wrong):
    x = table(0)
    with pytest.raises(SettingsError):
        SISSORegressor(**wrong).fit(x, x[:, 0])


@pytest.mark.slow
def test_dimension_3_complexity_3_on_150_x_17():
    """Two minutes and 2 GB; processor time, as the machine may be shared."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0.5, 3.0, size=(150, 17))
    y = 3.0 * x[:, 0] * x[:, 1] / x[:, 2] + 2.0 * np.exp(-x[:, 3] / x[:, 4]) + x[:, 5] + rng.normal(scale=0.1, size=150)
    start = time.process_time()
    model = SISSORegressor(dimension=3, complexity=3, subspace_size=50).fit(x, y)
    assert time.process_time() - start < 120.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2 * 2**20
    assert model.models_[-1].rmse < 0.12
    assert model.feature_counts_[3] > 1_000_000
