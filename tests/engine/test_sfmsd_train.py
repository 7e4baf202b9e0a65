"""Job `sfmsd-train`: its input, its files, its output."""

import json

import numpy as np
import pytest
from pydantic import ValidationError

from aiida_hezsp.engine.jobs import run_job
from aiida_hezsp.engine.sfmsd_train import SfmsdTrainInput, run
from aiida_hezsp.errors import TableError
from aiida_hezsp.sfmsd import load_model

INPUT = {
    "job": "sfmsd-train",
    "table": "table.json",
    "models": ["GB", "RF", "SISSO"],
    "search_iterations": 1,
    "cv": 3,
    "seed": 1,
    "coverage": 0.8,
    "splits": [{"keep": 20}, {"dataset": "b", "by": "chance", "keep": 0.5, "rest": "test_b"}],
    "sisso": {"dimension": [1], "complexity": [0]},
    "max_target": 200.0,
    "threads": 1,
}


@pytest.fixture(scope="module", autouse=True)
def few_trees():
    """Few trees, to be quick: what is tested does not depend on their number."""
    few = {name: {"fixed": {}, "search": {"n_estimators": {"integers": [20, 30]}}} for name in ("GB", "RF")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aiida_hezsp.sfmsd.models._search_spaces", lambda: few)
        yield


@pytest.fixture(scope="module")
def table():
    rows = [
        {
            "label": f"r{k}",
            "features": {"x": (7 * k % 31) / 31, "y": (11 * k % 29) / 29},
            "target": 20.0 + 100.0 * (7 * k % 31) / 31,
            "split": "test" if k % 6 == 0 else "train",
            "dataset": "b" if k > 25 else "a",
            "target_error": 2.0,
        }
        for k in range(36)
    ]
    rows[1]["target"] = 300.0
    columns = [{"name": name, "unit": "1", "definition": name} for name in ("x", "y")]
    return {"feature_set": "multinary", "columns": columns, "rows": rows, "left_out": {}, "label_engines": []}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("job")
    (path / "table.json").write_text(json.dumps(table))
    return path


@pytest.fixture(scope="module")
def output(folder):
    return run(SfmsdTrainInput.model_validate(INPUT), folder)


KINDS = {"GB": ".skops", "RF": ".skops", "SISSO": ".sisso"}


def test_output_is_strict_json_with_all_sections(output):
    assert json.loads(json.dumps(output, allow_nan=False)) == output
    for section in ("metrics", "cross_validation", "parameters", "importances", "intervals"):
        assert set(output[section]) == set(KINDS)
    assert set(output["metrics"]["GB"]) == {"train", "test", "outliers", "balanced_out", "test_b"}
    assert set(output["metrics"]["GB"]["train"]) == {"n", "rmse", "mae", "max_ae", "r2"}
    assert set(output["importances"]["RF"]) == {"x", "y"}
    assert output["noise_floor"] == dict.fromkeys(output["metrics"]["RF"], 2.0)
    assert output["formulas"].keys() == {"SISSO"}
    assert output["formulas"]["SISSO"].endswith("* (x)")  # 20 + 100 x was planted


def test_models_are_written_and_are_those_of_the_output(output, folder, table):
    rows = {row["label"]: row["features"] for row in table["rows"]}
    ordered = [rows[row["label"]] for row in output["rows"]]
    for kind, suffix in KINDS.items():
        model = load_model(folder / f"{kind}{suffix}")
        assert model.predict(ordered).tolist() == [row["predictions"][kind] for row in output["rows"]]
        ends = np.transpose(model.intervals(ordered)).tolist()
        assert ends == [row["intervals"][kind] for row in output["rows"]]
        described = output["intervals"][kind]
        assert (described["coverage"], described["half_width"]) == (0.8, model.description.half_width)
        assert set(described["held"]) == {"test", "outliers", "balanced_out", "test_b"}
        for split, share in described["held"].items():
            rows_of = [row for row in output["rows"] if row["split"] == split]
            inside = [row["intervals"][kind][0] <= row["target"] <= row["intervals"][kind][1] for row in rows_of]
            assert share == pytest.approx(np.mean(inside))
        assert [step.rest for step in model.description.splits] == ["balanced_out", "test_b"]


def test_removals_are_recorded_and_rows_complete(output, table):
    assert [row["label"] for row in output["rows"]] == [row["label"] for row in table["rows"]]
    assert output["removed"][0] == {"label": "r1", "target": 300.0, "reason": "target above 200 A^2 (train)"}
    splits = {row["label"]: row["split"] for row in output["rows"]}
    moved = {label for label, split in splits.items() if split not in {"train", "test"}}
    assert {removal["label"] for removal in output["removed"]} == moved
    drawn = [row for row in output["rows"] if row["split"] == "test_b"]
    assert {row["dataset"] for row in drawn} == {"b"}
    assert len(moved) == 1 + (29 - 20) + len(drawn)
    trained = [row["target"] for row in output["rows"] if row["split"] == "train"]
    assert len(trained) == 20 - len(drawn)
    assert output["target_mean"] == pytest.approx(sum(trained) / len(trained))


def test_progress_is_printed(folder, capfd):
    changed = {"models": ["RF", "SISSO"], "splits": [], "sisso": {"dimension": [1, 9], "max_fit_seconds": 5.0}}
    run(SfmsdTrainInput.model_validate(INPUT | changed), folder)
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == "sfmsd table: 36 rows: 6 test, 1 outliers, 29 train"
    assert lines[1] == "sfmsd RF: 1 candidates x 3 folds on 29 rows"
    assert lines[2].startswith("sfmsd RF: done in ")
    assert lines[3] == "sfmsd SISSO: up to 1 candidates x 3 folds on 29 rows"
    assert lines[4].startswith("sfmsd SISSO: 2 settings, up to dimension 1, complexity 2")
    assert lines[6].startswith("sfmsd SISSO: a fit of dimension 9, complexity 2, subspaces of 10 would cost: 2 + 17 + ")


def test_is_a_job_of_the_engine(folder):
    (folder / "input.json").write_text(json.dumps(INPUT | {"models": ["RF"]}))
    output = run_job("sfmsd-train", folder)
    assert (output["job"], output["seed"], output["threads"]) == ("sfmsd-train", 1, 1)
    assert set(output["metrics"]) == {"RF"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 1}, "colour"),
        ({"models": ["SVM"]}, "unknown kind 'SVM': GB, RF, SISSO are known"),
        ({"models": []}, "at least 1"),
        ({"models": ["GB", "GB"]}, "twice"),
        ({"cv": 1}, "cv"),
        ({"coverage": 1.5}, "coverage"),
        ({"threads": 0}, "threads"),
        ({"splits": [{"keep": 5, "min_gap": 1.0}]}, "give one of the two"),
        ({"sisso": {"operators": ["+", "tanh"]}}, "tanh"),
        ({"job": "md"}, "sfmsd-train"),
        ({"table": "/etc/passwd"}, "table"),
    ],
)
def test_wrong_input(change, message):
    with pytest.raises(ValidationError, match=message):
        SfmsdTrainInput.model_validate(INPUT | change)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "table.json is not in the folder"),
        (b"{", "table.json cannot be read as JSON"),
        (b"\xff", "table.json cannot be read as JSON"),
        (b"[]", "training table: Input should be"),
        (b"{}", "training table: feature_set: Field required"),
    ],
)
def test_unreadable_table(tmp_path, content, message):
    if content is not None:
        (tmp_path / "table.json").write_bytes(content)
    with pytest.raises(TableError, match=message):
        run(SfmsdTrainInput.model_validate(INPUT), tmp_path)
