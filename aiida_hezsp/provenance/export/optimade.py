"""`optimade.yaml`: how optimade-maker serves the archive as an OPTIMADE API (config version 0.2.0).

An entry is a relaxed structure; its properties are read from its prediction, two direct links away: structure ->
hezsp.predict -> Dict. Where a structure was predicted several times the newest is published, and the processes of the
others are excluded by name, because of several matches optimade-maker takes the last silently. What follows from a
prediction but does not stand in it (region, source of the labels) is in a JSON file by the UUID of the structure.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from aiida_hezsp.provenance.distribution import region_of
from aiida_hezsp.provenance.export.selection import Published, Selection
from aiida_hezsp.provenance.predictions import PREDICT_PROCESS_TYPE, RankedPrediction
from aiida_hezsp.provenance.verify.folder import FILES

__all__ = ("CONFIG_VERSION", "PROPERTIES", "write_optimade")

CONFIG_VERSION = "0.2.0"
"""Of optimade.yaml, as optimade-maker 1.0.0 reads it."""

# name: (what is projected from the prediction, type, unit, title, description)
PROPERTIES: dict[str, tuple[str, str, str | None, str, str]] = {
    "msd": (
        "attributes.msd",
        "float",
        "Å^2",
        "Predicted MSD",
        "Mean squared displacement of the mobile ions predicted by the SF-MSD model.",
    ),
    "msd_low": (
        "attributes.msd_low",
        "float",
        "Å^2",
        "Lower end of the interval",
        "Lower end of the prediction interval of the MSD, at the coverage given.",
    ),
    "msd_high": (
        "attributes.msd_high",
        "float",
        "Å^2",
        "Upper end of the interval",
        "Upper end of the prediction interval of the MSD, at the coverage given.",
    ),
    "coverage": ("attributes.coverage", "float", None, "Coverage", "Probability that the interval covers the MSD."),
    "formula": (
        "attributes.formula",
        "string",
        None,
        "Formula",
        "Formula per formula unit, as this package writes it.",
    ),
    "family": ("attributes.family", "string", None, "Family", "Family of compositions, e.g. lzsp."),
    "composition_type": (
        "attributes.type",
        "string",
        None,
        "Type",
        "Number of elements on the substituted site, and number of the type, e.g. 5-1.",
    ),
    "x_li": ("attributes.x_li", "float", None, "Mobile ions", "Mobile ions per formula unit."),
    "s_config": (
        "attributes.s_config",
        "float",
        "R",
        "Configurational entropy",
        "Configurational entropy of the substituted site in units of the gas constant.",
    ),
    "entropy_class": ("attributes.entropy_class", "string", None, "Entropy class", "high, medium or low."),
    "model_kind": ("attributes.model_kind", "string", None, "Model", "Kind of SF-MSD model: GB, RF, SISSO."),
    "label_engines": (
        "attributes.label_engines",
        "list",
        None,
        "Label engines",
        "What made the labels behind the prediction: VASP, or a stand-in, whose numbers are no physics.",
    ),
    "features": (
        "attributes.features",
        "dictionary",
        None,
        "Features",
        "Structural features that the model predicts from; units in predictions.csv and in the SF-MSD model.",
    ),
    "volume": ("attributes.volume", "float", "Å^3", "Volume", "Volume of the relaxed cell."),
    "prediction_uuid": ("uuid", "string", None, "Prediction", "UUID of the AiiDA node of the prediction."),
}

_DERIVED = (
    ("region", "string", "Region", "Region of the predicted MSD: low (below 40 Å^2), medium, high (above 120 Å^2)."),
    (
        "label_source",
        "string",
        "Label source",
        "stand-in (no VASP ran: the numbers are no physics), first principles, or none (potential not fine-tuned).",
    ),
)


def write_optimade(
    folder: Path, selection: Selection, rows: Mapping[str, RankedPrediction], description: str
) -> tuple[Path, Path]:
    """Write optimade.yaml and the JSON file of derived properties.

    Args:
        folder: of both files.
        selection: what the archive holds.
        rows: what the predictions hold, by UUID.
        description: of the database.
    """
    group = next(group for group in selection.groups if group.label.startswith("hezsp/structures/"))
    config = {
        "config_version": CONFIG_VERSION,
        "database_description": description,
        "entries": [
            {
                "entry_type": "structures",
                "entry_paths": {"aiida_file": FILES["archive"], "aiida_group": group.label},
                "property_paths": [{"path": FILES["properties"]}],
                "property_definitions": [*_queried(selection.superseded), *_derived()],
            }
        ],
    }
    path = folder / FILES["optimade"]
    path.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=110), encoding="utf8")
    properties = folder / FILES["properties"]
    properties.write_text(json.dumps(_values(selection.predictions, rows), indent=0) + "\n", encoding="utf8")
    return path, properties


def _queried(superseded: Sequence[str]) -> list[dict[str, Any]]:
    """Return the definitions of what is read from the predictions."""
    filters: dict[str, Any] = {"process_type": PREDICT_PROCESS_TYPE}
    if superseded:
        filters["uuid"] = {"!in": list(superseded)}
    found = []
    for name, (projected, kind, unit, title, text) in PROPERTIES.items():
        steps = [
            {"outgoing_node": "CalcFunctionNode", "filters": dict(filters)},
            {"outgoing_node": "Dict"},
            {"project": projected},
        ]
        definition = {"name": name, "title": title, "description": text, "type": kind}
        found.append(definition | ({"unit": unit} if unit else {}) | {"aiida_query": steps})
    return found


def _derived() -> list[dict[str, Any]]:
    return [{"name": name, "title": title, "description": text, "type": kind} for name, kind, title, text in _DERIVED]


def _values(predictions: Sequence[Published], rows: Mapping[str, RankedPrediction]) -> dict[str, dict[str, Any]]:
    """Return the derived properties by the UUID of the structure; the newest prediction of a structure counts."""
    found = {}
    for item in predictions:
        row = rows[item.uuid]
        found[item.structure_uuid] = {"region": region_of(row.msd), "label_source": _label_source(row)}
    return found


def _label_source(row: RankedPrediction) -> str:
    """Return what made the labels, as text: OPTIMADE servers cannot filter by truth values."""
    return "stand-in" if row.standin else "first principles" if row.label_engines else "none"
