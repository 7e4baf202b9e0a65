"""SHAP values of SISSO models, against the library's own exact explainer and by hand."""

import numpy as np
import pytest
import shap

from aiida_hezsp.sfmsd import SISSORegressor
from aiida_hezsp.sfmsd.importance import expression_shap


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    x = rng.uniform(0.5, 3.0, size=(60, 5))
    return x, x[:, 0] * x[:, 1] / x[:, 2] + np.exp(-x[:, 3]) + rng.normal(scale=0.1, size=60)


def test_values_are_those_of_shaps_exact_explainer(table):
    x, y = table
    model = SISSORegressor(dimension=3, complexity=3, metric="MaxAE", undefined="mean").fit(x, y)
    assert max(len(term.columns()) for term in model.models_[-1].terms) >= 2
    values, base = expression_shap(model, x[:15], x)
    masker = shap.maskers.Independent(x, max_samples=len(x))
    expected = shap.explainers.Exact(model.predict, masker)(x[:15], silent=True)
    np.testing.assert_allclose(values, expected.values, atol=1e-10)
    assert base == pytest.approx(float(expected.base_values[0]))
    assert base == pytest.approx(y.mean())


def test_a_sum_is_explained_by_its_terms(table):
    """Of a linear model: coefficient times distance from the mean."""
    x, _ = table
    model = SISSORegressor(dimension=2, complexity=0).fit(x, 2.0 * x[:, 1] - 3.0 * x[:, 4])
    values, _ = expression_shap(model, x, x)
    np.testing.assert_allclose(values[:, 1], 2.0 * (x[:, 1] - x[:, 1].mean()), atol=1e-9)
    np.testing.assert_allclose(values[:, 4], -3.0 * (x[:, 4] - x[:, 4].mean()), atol=1e-9)
    assert (values[:, [0, 2, 3]] == 0.0).all()


def test_a_row_without_a_value_is_the_mean_and_unexplained(table):
    x, _ = table
    y = np.log(x[:, 0])
    model = SISSORegressor(dimension=1, complexity=1, undefined="mean").fit(x, y)
    rows = np.vstack([x[:1], -x[:1]])
    values, base = expression_shap(model, rows, x)
    assert model.defined(rows).tolist() == [True, False]
    with pytest.warns(UserWarning, match="no value"):
        np.testing.assert_allclose(base + values.sum(axis=1), model.predict(rows), atol=1e-10)
    assert (values[1] == 0.0).all()
