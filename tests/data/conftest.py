"""Files of models and images, made once."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def chgnet_file(tmp_path_factory):
    """A good model file of this package."""
    from aiida_hezsp.potential.model_file import load_model, save_model

    path = tmp_path_factory.mktemp("chgnet") / "good.safetensors"
    save_model(path, load_model("0.3.0"), {"parent": "none"}, name="mine", version="7")
    return path


@pytest.fixture(scope="session")
def sfmsd_table():
    """A small table with a planted law."""
    rng = np.random.default_rng(4)
    values = rng.random((24, 2))
    columns = [{"name": name, "unit": "1", "definition": name} for name in ("x", "y")]
    rows = [
        {
            "label": f"r{number}",
            "features": {"x": float(x), "y": float(y)},
            "target": float(20 + 100 * x + 10 * y),
            "split": "test" if number > 19 else "train",
        }
        for number, (x, y) in enumerate(values)
    ]
    target = {"name": "msd", "unit": "A^2"}
    return {"feature_set": "multinary", "columns": columns, "target": target, "rows": rows, "label_engines": []}


@pytest.fixture(scope="session")
def sfmsd_model(sfmsd_table):
    """A model trained on that table, of few trees to be quick."""
    from aiida_hezsp.sfmsd import train
    from aiida_hezsp.sfmsd.training import TrainSettings

    few = {"RF": {"fixed": {}, "search": {"n_estimators": {"integers": [10, 20]}}}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aiida_hezsp.sfmsd.models._search_spaces", lambda: few)
        return train(sfmsd_table, TrainSettings(kind="RF", search_iterations=1, cv=2))


@pytest.fixture(scope="session")
def sfmsd_files(tmp_path_factory, sfmsd_model):
    """Its two files."""
    from aiida_hezsp.sfmsd import save_model

    folder = tmp_path_factory.mktemp("sfmsd")
    save_model(sfmsd_model, folder / "RF.skops")
    return folder / "RF.skops", folder / "RF.json"


@pytest.fixture
def n_nodes(aiida_profile_clean):
    """How many nodes the profile holds, as a function."""
    from aiida import orm

    return lambda: orm.QueryBuilder().append(orm.Node).count()
