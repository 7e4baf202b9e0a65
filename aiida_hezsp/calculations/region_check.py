"""Judge predictions by MD runs of the same structures."""

from typing import Any

from aiida import orm
from aiida.engine import calcfunction

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
    from aiida_hezsp.sfmsd.regions import RegionRule, judge, summarise_checks

    settings = rule.get_dict()
    counts = settings.pop("population", None)
    region_rule = RegionRule(**settings)
    runs = {label: entry for node in inputs["results"].values() for label, entry in node.get_dict()["results"].items()}
    rows: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    for node in inputs["predictions"].values():
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
                **judge(node["msd"], run["msd"], region_rule),
            }
        )
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
            ),
            "length_ps": next((run["length_ps"] for run in runs.values() if run["error"] is None), None),
        }
    )
