"""Join features and MD results into the table that SF-MSD models are trained on."""

from collections.abc import Mapping
from typing import Any

from aiida import orm
from aiida.engine import calcfunction

from aiida_hezsp.data.label_engines import engines_behind
from aiida_hezsp.errors import HezspError
from aiida_hezsp.sfmsd.balance import order_by_chance

__all__ = ("training_table",)


@calcfunction
def training_table(rule: orm.Dict, **inputs: dict[str, orm.Dict]) -> orm.Dict:
    """Join batches of features and of MD results by label.

    Args:
        rule: `test_fraction` of the rows kept for testing, `seed`; `datasets`, where a composition was chosen from, by
            label; `only`, the datasets that are taken (null: all); `variant`, the name of a table of models to compare
            with.
        inputs: namespaces `features` (from `hezsp.features`) and `results` (of `hezsp.md`), any number of batches.

    Returns:
        A Dict with `columns`, `target`, `rows` (label, dataset, features, target and its error, split),
        `label_engines` (behind the models that relaxed and that ran MD), `left_out`, and `variant` where there is one.

    Raises:
        HezspError: the batches hold different feature sets or a composition twice, or no row is complete.
    """
    tables = [node.get_dict() for _, node in sorted(inputs["features"].items())]
    if len(sets := {table["feature_set"] for table in tables}) != 1:
        raise HezspError(f"batches of different feature sets cannot be joined: {', '.join(sorted(sets))}")
    settings = rule.get_dict()
    features = {label: row for table in tables for label, row in table["rows"].items() if _wanted(label, settings)}
    runs = [node.get_dict() for _, node in sorted(inputs["results"].items())]
    results = _joined(runs)
    rows = _rows(features, results, settings)
    reasons = {label: entry["error"] for label, entry in results.items() if entry["error"] is not None}
    reasons |= {label: reason for table in tables for label, reason in table["failed"].items()}
    reasons = {label: reason for label, reason in reasons.items() if _wanted(label, settings)}
    return orm.Dict(
        {
            "feature_set": sets.pop(),
            "columns": tables[0]["columns"],
            "target": {"name": "msd", "unit": "A^2"},
            "rows": rows,
            "left_out": reasons,
            "label_engines": sorted(_engines(tables) | engines_behind(inputs["results"].values())),
        }
        | _variant(settings)
    )


def _joined(runs: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the results of all runs by label.

    Raises:
        HezspError: two of them are of one composition.
    """
    results: dict[str, dict[str, Any]] = {}
    for run in runs:
        if twice := sorted(set(results) & set(run["results"])):
            raise HezspError(f"several MD runs of one composition: {', '.join(twice)}; give those of one temperature")
        results |= run["results"]
    return results


def _rows(
    features: Mapping[str, Any], results: Mapping[str, Mapping[str, Any]], settings: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the rows of compositions that have both features and a target, by label.

    Raises:
        HezspError: there is none.
    """
    complete = sorted(label for label in features if label in results and results[label]["error"] is None)
    if not complete:
        raise HezspError("no composition has both features and an MD result")
    test = _test_labels(complete, settings["test_fraction"], settings["seed"])
    return [
        {
            "label": label,
            "dataset": settings.get("datasets", {}).get(label),
            "features": features[label],
            "target": results[label]["msd"],
            "target_error": results[label].get("msd_error"),
            "split": "test" if label in test else "train",
        }
        for label in complete
    ]


def _test_labels(labels: list[str], fraction: float, seed: int) -> set[str]:
    """Return the labels of the test split: the first of an order that label and seed alone decide."""
    return set(order_by_chance(labels, seed)[: round(fraction * len(labels))])


def _engines(tables: list[dict[str, Any]]) -> set[str]:
    """Return what features say of the models that relaxed; tables of earlier versions say nothing."""
    return {engine for table in tables for engine in table.get("label_engines", ())}


def _wanted(label: str, settings: Mapping[str, Any]) -> bool:
    """Return whether a composition belongs to a dataset that is taken."""
    only = settings.get("only")
    return only is None or settings["datasets"].get(label) in only


def _variant(settings: Mapping[str, Any]) -> dict[str, str]:
    return {"variant": settings["variant"]} if settings.get("variant") else {}
