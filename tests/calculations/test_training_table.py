"""The training table: rows complete, splits stable, failures kept with their reason."""

import pytest
from aiida import orm

from aiida_hezsp.calculations.training_table import training_table
from aiida_hezsp.errors import HezspError

COLUMNS = [{"name": "x_li", "unit": "1", "definition": "mobile ions per formula unit"}]


def features_of(labels, feature_set="multinary", failed=None):
    rows = {label: {"x_li": float(number)} for number, label in enumerate(labels)}
    return orm.Dict({"feature_set": feature_set, "columns": COLUMNS, "rows": rows, "failed": failed or {}})


def results_of(labels, errors=None, engines=("standin chgnet-r2scan",)):
    results = {label: {"msd": 10.0 * number, "error": None} for number, label in enumerate(labels)}
    results |= {label: {"msd": None, "error": reason} for label, reason in (errors or {}).items()}
    return orm.Dict({"results": results, "model": {"label_engines": list(engines)}})


def rule(fraction=0.25, seed=1):
    return orm.Dict({"test_fraction": fraction, "seed": seed})


def test_batches_are_joined_by_label(aiida_profile_clean):
    labels = [f"c{number}" for number in range(8)]
    table = training_table(
        rule=rule(),
        features={"b0": features_of(labels[:5]), "b1": features_of(labels[5:], failed={"c9": "no octahedron"})},
        results={"b0": results_of(labels[:5]), "b1": results_of(labels[5:], errors={"c8": "exploded"})},
    ).get_dict()
    assert [row["label"] for row in table["rows"]] == labels
    assert [row["split"] for row in table["rows"]].count("test") == 2
    assert table["left_out"] == {"c8": "exploded", "c9": "no octahedron"}
    assert table["label_engines"] == ["standin chgnet-r2scan"]


def test_a_label_keeps_its_split_whatever_the_order(aiida_profile_clean):
    labels = [f"c{number}" for number in range(12)]
    tables = [
        training_table(rule=rule(), features={"b0": features_of(order)}, results={"b0": results_of(order)}).get_dict()
        for order in (labels, labels[::-1])
    ]
    splits = [{row["label"]: row["split"] for row in table["rows"]} for table in tables]
    assert splits[0] == splits[1]


def test_a_table_of_one_dataset(aiida_profile_clean):
    """Of batches that hold both: rows and reasons of the others are left out."""
    labels = [f"c{number}" for number in range(6)]
    chosen = {
        "test_fraction": 0.0,
        "seed": 1,
        "datasets": {label: "odd" if number % 2 else "even" for number, label in enumerate([*labels, "c6", "c7"])},
        "only": ["odd"],
        "variant": "mine",
    }
    table = training_table(
        rule=orm.Dict(chosen),
        features={"b0": features_of(labels, failed={"c6": "even", "c7": "odd"})},
        results={"b0": results_of(labels)},
    ).get_dict()
    assert [(row["label"], row["dataset"], row["split"]) for row in table["rows"]] == [
        (label, "odd", "train") for label in ("c1", "c3", "c5")
    ]
    assert table["left_out"] == {"c7": "odd"}
    assert table["variant"] == "mine"


def test_different_feature_sets_are_refused(aiida_profile_clean):
    with pytest.raises(HezspError, match="different feature sets"):
        training_table(
            rule=rule(),
            features={"b0": features_of(["a"]), "b1": features_of(["b"], feature_set="quaternary")},
            results={"b0": results_of(["a", "b"])},
        )


def test_a_table_without_rows_is_refused(aiida_profile_clean):
    with pytest.raises(HezspError, match="no composition has both"):
        training_table(rule=rule(), features={"b0": features_of(["a"])}, results={"b0": results_of(["b"])})


def test_two_runs_of_one_composition_are_refused(aiida_profile_clean):
    """Runs at several temperatures would give one row the target of the last one, silently."""
    with pytest.raises(HezspError, match="several MD runs of one composition: b; give those of one temperature"):
        training_table(
            rule=rule(),
            features={"b0": features_of(["a", "b"])},
            results={"b0_300K": results_of(["a", "b"]), "b1_900K": results_of(["b"])},
        )


def test_the_error_of_a_target_stands_in_its_row(aiida_profile_clean):
    results = results_of(["a", "b"]).get_dict()
    results["results"]["a"]["msd_error"] = 2.5
    table = training_table(
        rule=rule(), features={"b0": features_of(["a", "b"])}, results={"b0": orm.Dict(results)}
    ).get_dict()
    assert {row["label"]: row["target_error"] for row in table["rows"]} == {"a": 2.5, "b": None}


def test_the_engines_of_all_runs_are_joined(aiida_profile_clean):
    table = training_table(
        rule=rule(),
        features={"b0": features_of(["a", "b"])},
        results={"b0": results_of(["a"], engines=("vasp 6.4.2",)), "b1": results_of(["b"], engines=("standin emt",))},
    ).get_dict()
    assert table["label_engines"] == ["standin emt", "vasp 6.4.2"]


def test_engines_behind_the_relaxation_model_are_those_of_the_table_too(aiida_profile_clean):
    """A clean MD model does not hide the stand-in; a table of features of an earlier version says nothing."""
    marked = orm.Dict({**features_of(["a", "b"]).get_dict(), "label_engines": ["standin emt"]})
    given = {"b0": marked, "b1": features_of(["c"])}
    table = training_table(rule=rule(), features=given, results={"b0": results_of(["a", "b", "c"], engines=["vasp"])})
    assert table["label_engines"] == ["standin emt", "vasp"]
