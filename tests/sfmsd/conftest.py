"""A table with a planted law, and models trained on it once."""

import copy
from contextlib import contextmanager

import numpy as np
import pytest

from aiida_hezsp.sfmsd import SissoSearch, TrainingTable, TrainSettings, train
from aiida_hezsp.sfmsd import models as models_module

NOISE = 4.0
FAST_SISSO = SissoSearch(dimension=(1, 2, 3), complexity=(1, 2))


def planted_table(n=80, seed=1, noise=NOISE):
    """Return a table whose target depends on two of four features, one of them not linearly."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1.0, 1.0, size=(n, 4))
    y = 80.0 + 40.0 * x[:, 0] - 30.0 * x[:, 1] ** 2 + rng.normal(scale=noise, size=n)
    names = ["strong", "curved", "idle_1", "idle_2"]
    return {
        "feature_set": "multinary",
        "columns": [{"name": name, "unit": "1", "definition": f"planted, {name}"} for name in names],
        "target": {"name": "msd", "unit": "A^2"},
        "rows": [
            {
                "label": f"r{k}",
                "features": dict(zip(names, map(float, row), strict=True)),
                "target": float(target),
                "target_error": noise,
                "split": "test" if k % 5 == 0 else "train",
            }
            for k, (row, target) in enumerate(zip(x, y, strict=True))
        ],
        "label_engines": ["a further key, as tables of the AiiDA floor have them"],
    }


@contextmanager
def few_trees():
    """Search the shipped spaces, but with few trees: what is tested does not depend on their number."""
    spaces = copy.deepcopy(models_module._search_spaces())
    for space in spaces.values():
        space["search"]["n_estimators"] = {"integers": [30, 60]}
    spaces["GB"]["search"]["learning_rate"] = {"loguniform": [0.1, 0.3]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models_module, "_search_spaces", lambda: spaces)
        yield


@pytest.fixture
def small_ensembles():
    with few_trees():
        yield


@pytest.fixture(scope="session")
def table_dict():
    return planted_table()


@pytest.fixture(scope="session")
def rows(table_dict):
    return [row["features"] for row in table_dict["rows"]]


@pytest.fixture(scope="session")
def models(table_dict):
    """One model of each kind, by kind."""
    table = TrainingTable.from_dict(table_dict)
    with few_trees():
        return {
            kind: train(
                table, TrainSettings(kind=kind, search_iterations=6 if kind == "SISSO" else 3, cv=3, sisso=FAST_SISSO)
            )
            for kind in ("GB", "RF", "SISSO")
        }


@pytest.fixture(params=["GB", "RF", "SISSO"])
def model(request, models):
    return models[request.param]


@pytest.fixture(scope="session")
def make_table():
    return planted_table
