"""Judge predictions by MD runs of the same structures."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiida import orm
from aiida.engine import calcfunction

from aiida_hezsp.data.label_engines import engines_behind

if TYPE_CHECKING:
    from aiida_hezsp.sfmsd.regions import RegionRule

__all__ = ("region_check",)


@calcfunction
def region_check(rule: orm.Dict, **inputs: dict[str, orm.Dict]) -> orm.Dict:
    """Set predictions beside MD (paper, Fig. 6a and b).

    Args:
        rule: settings of `RegionRule`; `population`, the number of predictions by region, is handed through.
        inputs: namespaces `predictions` (of `hezsp.predict`, by label) and `results` (of `hezsp.md`, any number).

    Returns:
        A Dict: `rows` (label, formula, uuid of the prediction, region, predicted, predicted_low, predicted_high, md,
        md_error, error, relative_error, accepted, accepted_by, in_region; MSD in A^2), largest prediction first;
        `summary` by region; `population`; `failed` by label; `rule`; `label_engines`; `length_ps`.
    """
    from aiida_hezsp.sfmsd.regions import RegionRule, summarise_checks

    settings = rule.get_dict()
    counts = settings.pop("population", None)
    region_rule = RegionRule(**settings)
    runs = {label: entry for node in inputs["results"].values() for label, entry in node.get_dict()["results"].items()}
    rows, failed = _rows(inputs["predictions"], runs, region_rule)
    rows.sort(key=lambda row: -row["predicted"])
    return orm.Dict(
        {
            "rows": rows,
            "summary": summarise_checks(rows),
            "population": counts,
            "failed": failed,
            "rule": settings,
            "label_engines": sorted(
                {name for node in inputs["predictions"].values() for name in node["label_engines"]}
                | engines_behind(inputs["results"].values())
            ),
            "length_ps": next((run["length_ps"] for run in runs.values() if run["error"] is None), None),
        }
    )


def _rows(
    predictions: Mapping[str, orm.Dict], runs: Mapping[str, Any], rule: "RegionRule"
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return a row for each prediction whose run came through, and why others have none."""
    from aiida_hezsp.sfmsd.regions import judge

    rows: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    for node in predictions.values():
        run = runs.get(node["label"], {"error": "no MD run"})
        if run["error"] is not None:
            failed[node["label"]] = run["error"]
            continue
        rows.append(
            {
                "label": node["label"],
                "formula": node["formula"],
                "uuid": node.uuid,
                "predicted": node["msd"],
                "predicted_low": node["msd_low"],
                "predicted_high": node["msd_high"],
                "md": run["msd"],
                "md_error": run["msd_error"],
                **judge(node["msd"], run["msd"], rule),
            }
        )
    return rows, failed
