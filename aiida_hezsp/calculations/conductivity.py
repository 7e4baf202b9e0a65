"""Diffusion, conductivity and Arrhenius law of each structure of a batch, from its MD runs at all temperatures."""

from typing import Any

from aiida import orm
from aiida.engine import calcfunction

from aiida_hezsp.data.label_engines import engines_behind

__all__ = ("conductivity",)


@calcfunction
def conductivity(rule: orm.Dict, **inputs: dict[str, orm.Dict]) -> dict[str, Any]:
    """Sum up the MD runs of the same structures at one or several temperatures.

    Args:
        rule: `charge` of a mobile ion, `extrapolate_to` (K).
        inputs: namespaces `results`, of `hezsp.md`, one for each temperature, and `relaxations`, of `hezsp.relax`,
            where the structures were relaxed before.

    Returns:
        `transport.<label>` for every structure with a finished run: see `summarise_transport`, and `label`,
        `left_out` (why a temperature is missing) and `label_engines`.
    """
    from aiida_hezsp.transport.summary import summarise_transport

    nodes = [node.get_dict() for _, node in sorted(inputs["results"].items())]
    labels = sorted({label for node in nodes for label in node["results"]})
    engines = sorted(engines_behind([*inputs["results"].values(), *inputs.get("relaxations", {}).values()]))
    found = {}
    for label in labels:
        entries = {node["temperature"]: node["results"][label] for node in nodes if label in node["results"]}
        runs = {temperature: entry for temperature, entry in entries.items() if entry["error"] is None}
        if runs:
            summary = summarise_transport(runs, rule["charge"], rule["extrapolate_to"])
            left_out = {f"{kelvin:g}": entry["error"] for kelvin, entry in entries.items() if kelvin not in runs}
            found[label] = orm.Dict(summary | {"label": label, "left_out": left_out, "label_engines": engines})
    return {"transport": found}
