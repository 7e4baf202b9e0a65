"""Training on a planted law: what is found, measured and recorded, and what is refused."""

import numpy as np
import pytest
import sklearn.metrics
from pydantic import ValidationError
from sklearn.base import clone
from sklearn.model_selection import KFold, cross_val_predict

from aiida_hezsp.errors import CostError, TableError
from aiida_hezsp.sfmsd import KINDS, SissoSearch, SplitStep, TrainingTable, TrainSettings, train
from aiida_hezsp.sfmsd.models import Problem
from aiida_hezsp.sfmsd.table import Column
from aiida_hezsp.sfmsd.trained import unseen_elements
from aiida_hezsp.sfmsd.training import number_of_folds


def matrix(table_dict, split):
    chosen = [row for row in table_dict["rows"] if row["split"] == split]
    x = np.array([list(row["features"].values()) for row in chosen])
    return x, np.array([row["target"] for row in chosen])


def test_finds_the_planted_law(model, table_dict):
    _, y = matrix(table_dict, "test")
    assert model.metrics["test"].rmse < 0.5 * y.std()
    assert model.metrics["train"].rmse < 1.2 * model.metrics["test"].rmse
    assert model.metrics["test"].rmse > model.description.noise_floor["test"] * 0.7


@pytest.mark.parametrize("split", ["train", "test"])
def test_metrics_are_scikit_learns(model, table_dict, split):
    x, y = matrix(table_dict, split)
    p = model.estimator.predict(x)
    found = model.metrics[split]
    assert found.n == len(y)
    assert found.rmse == pytest.approx(sklearn.metrics.root_mean_squared_error(y, p))
    assert found.mae == pytest.approx(sklearn.metrics.mean_absolute_error(y, p))
    assert found.max_ae == pytest.approx(sklearn.metrics.max_error(y, p))
    assert found.r2 == pytest.approx(sklearn.metrics.r2_score(y, p))


def test_order_and_surplus_of_features_do_not_matter(model, rows):
    shuffled = [dict(sorted(row.items(), reverse=True)) | {"colour": 7.0} for row in rows]
    assert (model.predict(shuffled) == model.predict(rows)).all()


def test_shap_values_add_up_to_the_prediction(model, rows):
    values, base = model.shap_values(rows)
    assert values.shape == (len(rows), 4)
    np.testing.assert_allclose(base + values.sum(axis=1), model.predict(rows), atol=1e-6)
    strength = np.abs(values).mean(axis=0)
    assert strength[:2].min() > strength[2:].max()


def test_permutation_importance_ranks_what_was_planted(model):
    means = [model.description.importances[name].permutation_mean for name in model.features]
    assert means[0] > means[1] > max(means[2:])


def test_sisso_finds_the_planted_formula(models):
    """80 + 40 strong - 30 curved^2, under noise: the search prefers it to longer ones that fit the training rows."""
    model = models["SISSO"]
    assert set(model.estimator.expressions_) == {"strong", "curved^2"}
    by_name = dict(zip(model.estimator.expressions_, model.estimator.coef_, strict=True))
    assert by_name["strong"] == pytest.approx(40.0, abs=3.0)
    assert by_name["curved^2"] == pytest.approx(-30.0, abs=5.0)
    assert model.description.formula == model.estimator.text()
    assert model.description.parameters | {"subspace_size": 10} == model.description.parameters


def test_domain_is_the_range_of_the_training_rows(model, table_dict):
    x, _ = matrix(table_dict, "train")
    inside = dict(zip(model.features, x[0], strict=True))
    assert model.outside_domain(inside) == []
    assert model.outside_domain(inside | {"strong": 1.5, "idle_1": -1.5}) == ["strong", "idle_1"]


def test_elements_that_no_training_composition_has():
    labels = ["Li3p5Zr0p5Hf0p5Al0p5Ge0p5Si2PO12", "Li2p5Zr0p5Ta0p5Hf0p5Ti0p5Si2PO12"]
    assert unseen_elements(labels, ["Zr", "Ta", "Bi", "V"]) == ["Bi", "V"]
    assert unseen_elements(labels, ["P", "Hf"]) == []
    assert unseen_elements([*labels, "Bi1"], ["Bi"]) == ["Bi"]
    for others in (["r1", "r2"], ["Run1", "Run2"], ["A1", "B2"], ["Host", "Best"]):
        assert unseen_elements(others, ["Bi"]) == []  # no formulas: nothing is known


def test_noise_floor_is_beside_the_metrics(model):
    assert model.description.noise_floor == {"train": pytest.approx(4.0), "test": pytest.approx(4.0)}


@pytest.mark.usefixtures("small_ensembles")
@pytest.mark.parametrize(("kind", "threads"), [("GB", 2), ("RF", 1), ("SISSO", 2)])
def test_same_seed_same_model_on_two_processes_too(kind, threads, table_dict, rows, monkeypatch):
    monkeypatch.setattr("aiida_hezsp.sfmsd.search.QUICK", 0.0)  # processes even for little
    small = {**table_dict, "rows": table_dict["rows"][:24]}
    sisso = SissoSearch(dimension=(1, 2, 3), complexity=(1, 2))
    settings = TrainSettings(kind=kind, search_iterations=2, cv=2, sisso=sisso)
    one = train(small, settings)
    two = train(small, settings.model_copy(update={"threads": threads}))
    other = train(small, settings.model_copy(update={"seed": 2}))
    assert (one.predict(rows) == two.predict(rows)).all()
    assert one.description == two.description
    assert (one.predict(rows) != other.predict(rows)).any()


COLUMNS = (Column(name="x", unit="A", definition="x"), Column(name="y", unit="1", definition="y"))


def problem(**changes):
    given = {"seed": 1, "columns": COLUMNS, "n_rows": 60, "folds": 5, "iterations": 100, "sisso": SissoSearch()}
    return Problem(**given | changes)


def test_shipped_search_spaces_are_valid():
    from sklearn.model_selection import ParameterSampler

    for kind in KINDS.values():
        prepared = kind.prepare(kind, problem())
        for parameters in ParameterSampler(prepared.space, 6, random_state=1):
            estimator = clone(prepared.estimator).set_params(**parameters)
            assert {name: estimator.get_params()[name] for name in parameters} == parameters
            if kind.trees:
                estimator._validate_params()


def test_the_cost_of_sisso_is_said_before_it_starts_and_bounds_what_is_tried(table_dict):
    wide = SissoSearch(dimension=(1, 2), complexity=(1, 5), max_fit_seconds=2.0)
    lines = []
    model = train(table_dict, TrainSettings(kind="SISSO", cv=2, sisso=wide), lines.append)
    assert lines[0].startswith("2 settings, up to dimension 2, complexity 1, subspaces of 10; about ")
    assert lines[1].startswith("2 settings are left out, each above 2.0 s a fit")
    assert lines[2].startswith("a fit of dimension 2, complexity 5, subspaces of 10 would cost: 4 + 54 + ")
    assert model.description.cross_validation.iterations == 2
    with pytest.raises(CostError, match=r"no SISSO setting is within 2.0 s .* allow more, or ask for less"):
        train(table_dict, TrainSettings(kind="SISSO", sisso=wide.model_copy(update={"complexity": (5,)})))


def test_units_may_be_checked():
    kind = KINDS["SISSO"]
    prepared = kind.prepare(kind, problem(sisso=SissoSearch(check_units=True)))
    assert prepared.estimator.units == ("A", "1")
    assert prepared.estimator.names == ("x", "y")
    assert kind.prepare(kind, problem()).estimator.units is None


@pytest.mark.usefixtures("small_ensembles")
def test_the_search_says_how_far_it_is(table_dict, monkeypatch):
    monkeypatch.setattr("aiida_hezsp.sfmsd.search.EVERY", 0.0)
    lines = []
    train(table_dict, TrainSettings(kind="GB", search_iterations=5, cv=2), lines.append)
    assert [line.split(", best")[0] for line in lines] == [f"{k} of 5 candidates" for k in range(1, 5)]


@pytest.mark.usefixtures("small_ensembles")
def test_the_search_is_scikit_learns(table_dict):
    """Groups of candidates and lines between them change nothing of what RandomizedSearchCV finds."""
    from sklearn.model_selection import RandomizedSearchCV

    kind = KINDS["GB"]
    model = train(table_dict, TrainSettings(kind="GB", search_iterations=4, cv=3))
    x, y = matrix(table_dict, "train")
    prepared = kind.prepare(kind, problem(columns=COLUMNS))
    search = RandomizedSearchCV(
        prepared.estimator,
        prepared.space,
        n_iter=4,
        scoring="neg_root_mean_squared_error",
        cv=KFold(3, shuffle=True, random_state=1),
        random_state=1,
    ).fit(x, y)
    assert model.description.parameters == pytest.approx(search.best_params_)
    assert model.description.cross_validation.rmse_of_search == pytest.approx(-search.best_score_)
    validation = cross_val_predict(clone(search.best_estimator_), x, y, cv=search.cv)
    assert model.description.cross_validation.out_of_fold.mae == pytest.approx(np.abs(validation - y).mean())
    np.testing.assert_allclose(model.description.calibration.residuals, y - validation)


@pytest.mark.usefixtures("small_ensembles")
def test_removed_rows_are_measured_apart(table_dict):
    small = {**table_dict, "rows": [dict(row) for row in table_dict["rows"][:30]]}
    small["rows"][1]["target"] = 500.0
    settings = TrainSettings(search_iterations=1, cv=2, splits=(SplitStep(keep=20),))
    model = train(small, settings)
    assert {split: found.n for split, found in model.metrics.items()} == {
        "train": 20,
        "test": 6,
        "outliers": 1,
        "balanced_out": 3,
    }
    assert len(model.description.training_labels) == 20
    assert {removal.label for removal in model.description.removed}.isdisjoint(model.description.training_labels)
    assert next(r for r in model.description.removed if r.target == 500.0).label == "r1"
    assert model.description.splits == settings.splits


@pytest.mark.parametrize(("rows", "wanted", "expected"), [(188, 5, 5), (9, 5, 4), (5, 5, 2), (4, 10, 2)])
def test_folds_hold_two_rows_at_least(rows, wanted, expected):
    assert number_of_folds(rows, wanted) == expected


@pytest.mark.usefixtures("small_ensembles")
def test_few_rows_use_fewer_folds_and_say_so(table_dict):
    small = {**table_dict, "rows": table_dict["rows"][1:5]}
    model = train(small, TrainSettings(kind="RF", search_iterations=1, cv=5))
    assert model.description.cross_validation.folds == 2
    assert model.coverage == pytest.approx(4 / 5)  # four residuals cannot support 90 %


def test_unknown_kind(table_dict):
    with pytest.raises(TableError, match="unknown kind of SF-MSD model 'XGB': GB, RF, SISSO are known"):
        train(table_dict, TrainSettings(kind="XGB"))


def test_too_few_rows(table_dict):
    with pytest.raises(TableError, match="3 rows are left to train on: at least 4"):
        train({**table_dict, "rows": table_dict["rows"][1:4]})


def test_only_outliers(table_dict):
    high = [{**row, "target": 201.0 + k} for k, row in enumerate(table_dict["rows"])]
    with pytest.raises(TableError, match="0 rows are left to train on"):
        train({**table_dict, "rows": high})


def test_nothing_to_learn(table_dict):
    flat = [{**row, "target": 7.0} for row in table_dict["rows"]]
    with pytest.raises(TableError, match="there is nothing to learn"):
        train({**table_dict, "rows": flat})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": []}, "rows: .* at least 1"),
        ({"columns": []}, "columns: .* at least 1"),
        ({"columns": [{"name": "x", "unit": "1", "definition": ""}] * 2}, "two columns have the same name"),
        ({"columns": [{"name": "x", "unit": "1", "definition": ""}]}, "row 'r0' lacks the feature 'x'"),
        ({"rows": [{"label": "a", "features": {}, "target": float("nan")}]}, "rows.0.target: .* finite"),
        ({"rows": [{"label": "a", "features": {}}]}, "rows.0.target: Field required"),
    ],
)
def test_malformed_table(table_dict, change, message):
    with pytest.raises(TableError, match=f"training table: {message}"):
        TrainingTable.from_dict(table_dict | change)


def test_label_twice(table_dict):
    with pytest.raises(TableError, match="label 'r0' occurs more than once"):
        TrainingTable.from_dict({**table_dict, "rows": [table_dict["rows"][0]] * 2})


def test_rows_that_cannot_be_predicted(model, rows):
    with pytest.raises(TableError, match="row 1 lacks the feature 'curved'"):
        model.predict([rows[0], {"strong": 1.0}])
    with pytest.raises(TableError, match="row 0: the feature 'strong' is not a finite number"):
        model.predict([rows[0] | {"strong": float("nan")}])


def test_no_rows_no_predictions(model):
    with pytest.raises(TableError, match="no rows"):
        model.predict([])


@pytest.mark.parametrize("values", [{"cv": 1}, {"coverage": 1.0}, {"threads": 0}, {"search_iterations": 0}, {"cvs": 3}])
def test_settings_out_of_range(values):
    with pytest.raises(ValidationError, match=next(iter(values))):
        TrainSettings(**values)
