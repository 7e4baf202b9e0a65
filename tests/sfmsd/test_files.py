"""Model files: the round trip is exact, and nothing unexpected is ever built from a file."""

import hashlib
import io
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
import skops.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor

from aiida_hezsp.errors import ModelFileError
from aiida_hezsp.sfmsd import files as files_module
from aiida_hezsp.sfmsd import load_model, save_model
from aiida_hezsp.sfmsd.models import kind_of
from aiida_hezsp.sfmsd.trees import check_trees


@pytest.fixture
def saved(tmp_path, models):
    """A forest, saved; what is refused does not depend on the kind."""
    path = tmp_path / "model.skops"
    save_model(models["RF"], path)
    return path


def describe(path, **changes):
    """Change the description of a saved model; its checksum becomes that of the skops file as it is now."""
    sidecar = path.with_suffix(".json")
    data = json.loads(sidecar.read_text())
    data["skops_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    sidecar.write_text(json.dumps(data | changes))


def refuses(path, message):
    with pytest.raises(ModelFileError, match=message) as caught:
        load_model(path)
    assert "\n" not in str(caught.value)


def test_round_trip_is_exact(tmp_path, model, rows):
    path = tmp_path / f"model{kind_of(model.kind).suffix}"
    save_model(model, path)
    loaded = load_model(path)
    assert (loaded.predict(rows) == model.predict(rows)).all()
    assert loaded.description == model.description
    assert (loaded.kind, loaded.features, loaded.coverage) == (model.kind, model.features, model.coverage)
    np.testing.assert_array_equal(loaded.shap_values(rows)[0], model.shap_values(rows)[0])
    np.testing.assert_array_equal(loaded.intervals(rows), model.intervals(rows))


def test_files_may_be_renamed_together(saved, rows):
    moved = saved.with_name("GB-1.skops")
    saved.rename(moved)
    saved.with_suffix(".json").rename(moved.with_suffix(".json"))
    assert len(load_model(moved).predict(rows)) == len(rows)


def test_description_is_plain_json(saved):
    text = saved.with_suffix(".json").read_text()
    data = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert data["format"] == "aiida-hezsp.sfmsd/1"
    assert {"scikit-learn", "skops", "numpy", "python", "aiida-hezsp"} <= set(data["versions"])


class Planted:
    """What an attacker would pickle: building it runs a command."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('a planted pickle was run')",))


@pytest.mark.parametrize("honest_checksum", [True, False])
def test_planted_pickle_is_refused(saved, honest_checksum):
    saved.write_bytes(pickle.dumps(Planted()))
    if honest_checksum:
        describe(saved)
    refuses(saved, "not a readable skops file|damaged or swapped")


class Foreign:
    """A class that is on no list."""

    def __init__(self):
        self.x = 1


def with_a_function_inside():
    forest = RandomForestRegressor(n_estimators=2).fit(np.eye(4), np.arange(4))
    forest.callback = os.system
    return forest


@pytest.mark.parametrize(
    ("thing", "named"),
    [
        (Foreign(), "Foreign"),
        (Planted(), "Planted"),
        (with_a_function_inside(), "posix.system"),
        (KNeighborsRegressor(metric=print).fit(np.eye(4), np.arange(4)), "builtins.print"),
    ],
)
def test_types_and_functions_that_are_not_on_the_list_are_refused(saved, thing, named):
    saved.write_bytes(skops.io.dumps(thing))
    describe(saved)
    refuses(saved, f"asks for types that a RF model does not have: .*{named}$")


def test_other_estimator_is_refused(saved):
    saved.write_bytes(skops.io.dumps(LinearRegression().fit(np.eye(4), np.arange(4))))
    describe(saved)
    refuses(saved, "holds a LinearRegression, RF is a")


def test_other_model_of_the_same_kind_is_refused(saved):
    other = RandomForestRegressor(n_estimators=3, random_state=1).fit(np.eye(4), np.arange(4.0))
    saved.write_bytes(skops.io.dumps(other))
    refuses(saved, "damaged or swapped")
    describe(saved)
    refuses(saved, "does not predict what it predicted when it was saved")


def test_other_features_are_refused(saved):
    saved.write_bytes(skops.io.dumps(RandomForestRegressor(n_estimators=2).fit(np.eye(3), np.arange(3))))
    describe(saved)
    refuses(saved, "do not have the same features")


@pytest.mark.parametrize("part", [0.0, 0.3, 0.99])
def test_truncated_file(saved, part):
    data = saved.read_bytes()
    saved.write_bytes(data[: int(part * len(data))])
    refuses(saved, "damaged or swapped")
    describe(saved)
    refuses(saved, "not a readable skops file")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused_with_one_line(saved, data):
    saved.write_bytes(data)
    describe(saved)
    refuses(saved, "not a readable skops file")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    schema=st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.dictionaries(
                st.sampled_from(["__class__", "__module__", "__loader__", "content", "file", "type", "__id__", "x"]),
                inner,
            )
            | st.lists(inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_any_schema_is_refused_with_one_line(saved, schema):
    with zipfile.ZipFile(saved, "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))
    describe(saved)
    refuses(saved, "model.skops")


def test_missing_files(saved, tmp_path):
    saved.with_suffix(".json").unlink()
    refuses(saved, r"model.json cannot be read: No such file")
    refuses(tmp_path / "none.skops", r"none.json cannot be read")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "aiida-hezsp.sfmsd/9"}, "model.json does not describe an SF-MSD model: format"),
        ({"colour": 1}, "colour"),
        ({"half_width": -1.0}, "half_width"),
        ({"kind": "XGB"}, "unknown kind"),
        ({"columns": []}, "columns"),
        ({"domain": {}}, "same features"),
        ({"probe": {"features": [[1.0]], "predictions": [1.0]}}, "probe"),
        ({"probe": {"features": [], "predictions": []}}, "probe"),
    ],
)
def test_wrong_description(saved, changes, message):
    describe(saved, **changes)
    refuses(saved, message)


def test_description_that_is_not_json(saved):
    saved.with_suffix(".json").write_bytes(b"\xff\x00{")
    refuses(saved, "model.json does not describe an SF-MSD model")


def test_large_file_is_not_read(saved, monkeypatch):
    monkeypatch.setattr(files_module, "MAX_BYTES", 1000)
    refuses(saved, r"model.skops has \d+ bytes, more than the 1000")


def test_zip_bomb_is_not_unpacked(saved, monkeypatch):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", "{}")
        archive.writestr("zeros", bytes(50_000_000))
    saved.write_bytes(buffer.getvalue())
    describe(saved)
    monkeypatch.setattr(files_module, "MAX_BYTES", 1_000_000)
    refuses(saved, "unpacks to 50000002 bytes")


@pytest.mark.parametrize("attack", ["loop", "outside", "feature"])
def test_crafted_trees_are_refused(attack):
    forest = RandomForestRegressor(n_estimators=2, random_state=1).fit(
        np.random.default_rng(1).random((30, 3)), np.arange(30)
    )
    check_trees(forest, "forest")
    tree = forest.estimators_[1].tree_
    state = tree.__getstate__()
    nodes = state["nodes"].copy()
    field, value = {"loop": ("left_child", 0), "outside": ("right_child", 10**6), "feature": ("feature", 99)}[attack]
    nodes[field][0] = value
    tree.__setstate__({**state, "nodes": nodes})
    with pytest.raises(ModelFileError, match="tree 1 is not well-formed"):
        check_trees(forest, "forest")


def test_name_must_say_what_it_is(model, tmp_path):
    suffix = {"SISSO": "sisso"}.get(model.kind, "skops")
    with pytest.raises(
        ModelFileError, match=rf"model.pkl: the name of a model file ends in .{suffix} \({model.kind}\)"
    ):
        save_model(model, tmp_path / "model.pkl")


@pytest.fixture
def expressions(tmp_path, models):
    """A SISSO model, saved."""
    path = tmp_path / "model.sisso"
    save_model(models["SISSO"], path)
    return path


def redescribe(path, **changes):
    data = json.loads(path.with_suffix(".json").read_text())
    data["sisso_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".json").write_text(json.dumps(data | changes))


def test_a_sisso_file_is_json_that_reads_well(expressions):
    record = json.loads(expressions.read_text())
    assert record["features"] == ["strong", "curved", "idle_1", "idle_2"]
    assert {term["text"] for term in record["models"][-1]["terms"]} == {"strong", "curved^2"}
    described = json.loads(expressions.with_suffix(".json").read_text())
    assert "skops_sha256" not in described
    assert described["formula"].endswith("(curved^2)")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda record: record["models"][-1]["terms"][0].update(expression=[9]), "names feature 9"),
        (lambda record: record["models"][-1].update(intercept=0.0), "does not predict what it predicted"),
        (lambda record: record["features"].pop(), "are not those of the features|names feature"),
        (lambda record: record.update(code="import os"), "does not describe a SISSO model"),
        (lambda record: record["parameters"].update(names=None), None),
    ],
)
def test_a_changed_sisso_file_is_refused(expressions, change, message):
    record = json.loads(expressions.read_text())
    change(record)
    expressions.write_text(json.dumps(record))
    refuses(expressions, "damaged or swapped")
    redescribe(expressions)
    if message is None:  # names are for reading only: the model is the same
        load_model(expressions)
    else:
        refuses(expressions, message)


def test_no_kind_takes_the_file_of_another(saved, expressions):
    described = expressions.with_suffix(".json").read_text()
    saved.with_suffix(".json").write_text(described)
    refuses(saved, "damaged or swapped")
    expressions.write_bytes(saved.read_bytes())
    redescribe(expressions)
    refuses(expressions, "does not describe a SISSO model")
    expressions.write_bytes(b" " * (4 * 2**20 + 1))
    redescribe(expressions)
    refuses(expressions, "more than the 4194304")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"rows": [[0.0] * 3], "residuals": [0.0], "neighbours": 0},
            "calibration .* is not a table of 4",
        ),
        ({"rows": [[0.0] * 4], "residuals": [0.0, 1.0], "neighbours": 0}, "calibration of its description is not"),
        ({"rows": [[0.0] * 4], "residuals": [0.0], "neighbours": 1}, "more neighbours than it has rows"),
        ({"rows": [], "residuals": [], "neighbours": 0}, "calibration.rows"),
    ],
)
def test_a_calibration_that_does_not_fit_is_refused(saved, changes, message):
    describe(saved, calibration=changes)
    refuses(saved, message)


@given(
    content=st.binary(max_size=200)
    | st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False), st.lists).map(
        lambda value: json.dumps(value).encode()
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_any_content_of_a_sisso_file_is_refused_with_one_line(expressions, content):
    expressions.write_bytes(content)
    redescribe(expressions)
    refuses(expressions, "model.sisso: this does not describe a SISSO model")


@given(place=st.integers(0, 10**6), value=st.sampled_from([None, True, -1, 10**9, 1e308, "", "exp", [], {}]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
def test_any_change_of_a_sisso_record_is_refused_or_harmless(models, expressions, place, value):
    """Whatever one value is replaced by: one clear line, or a model that predicts the same."""
    save_model(models["SISSO"], expressions)
    record = json.loads(expressions.read_text())
    places = list(leaves(record))
    holder, key = places[place % len(places)]
    holder[key] = value
    expressions.write_text(json.dumps(record))
    redescribe(expressions)
    loaded, complaint = loaded_or_refused(expressions)
    if loaded is None:
        assert complaint
        assert "\n" not in complaint
    else:
        probe = np.array(loaded.description.probe.features)
        np.testing.assert_allclose(loaded.estimator.predict(probe), loaded.description.probe.predictions, rtol=1e-9)


def loaded_or_refused(path):
    """Return the model, or why there is none."""
    try:
        return load_model(path), None
    except ModelFileError as error:
        return None, str(error)


def leaves(part):
    """Yield every value inside JSON data that holds no others, as its holder and its key."""
    for key, value in part.items() if isinstance(part, dict) else enumerate(part):
        if isinstance(value, dict | list) and value:
            yield from leaves(value)
        else:
            yield part, key
