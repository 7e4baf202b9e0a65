"""Everything about one prediction: what `aiida-hezsp show` prints."""

from statistics import fmean, stdev
from typing import Any

from aiida import orm

from aiida_hezsp.provenance.distribution import distribution_of, region_of
from aiida_hezsp.provenance.predictions import matching_predictions, model_of, require_prediction
from aiida_hezsp.provenance.trace import Trace, trace_prediction

__all__ = ("configuration_of", "prediction_record", "structure_cif")

_COMPOSITION = (
    "formula", "label", "family", "elements", "n_elements", "type", "x_li", "s_config", "entropy_class",
    "site_fractions",
)  # fmt: skip
_EDGES = ("a", "b", "c", "alpha", "beta", "gamma")


def prediction_record(node: orm.Dict) -> dict[str, Any]:
    """Return all that is known of a prediction as JSON-able data.

    Keys: pk, uuid, created; `composition`; `msd` (A^2: value, interval, region, percentile among all predictions of
    the same model, `outside_domain`); `decorations` (spread over the predictions of this composition by this model);
    `structure` (cell in A and deg, CIF); `configuration`; `features` (value, unit, definition, SHAP value); `model`;
    `labels`; `trace` (processes of every stage).

    Raises:
        PredictionError: the node is not a prediction.
    """
    require_prediction(node)
    known, trace = node.get_dict(), trace_prediction(node)
    structure, model = node.creator.inputs.structure, model_of(node)
    return {
        "pk": node.pk,
        "uuid": node.uuid,
        "created": node.ctime.isoformat(timespec="seconds"),
        "composition": {name: known.get(name) for name in _COMPOSITION},
        "msd": _msd(known, model),
        "decorations": _decorations(known, model),
        "structure": _structure(structure),
        "configuration": configuration_of(node),
        "features": _features(node, known),
        "model": _model(model),
        "labels": trace.labels,
        "trace": _stages(trace),
    }


def structure_cif(structure: orm.StructureData) -> str:
    """Return a structure as CIF (P1, every atom), with its UUID in the first line."""
    from pymatgen.io.cif import CifWriter

    text = str(CifWriter(structure.get_pymatgen(), significant_figures=8))
    return f"# AiiDA StructureData {structure.uuid}\n{text}"


def configuration_of(node: orm.Dict) -> dict[str, Any]:
    """Return pk, UUID and seed of the decorated cell that was relaxed for a prediction, as far as the graph says."""
    relaxed = node.creator.inputs.structure
    relaxation = relaxed.creator
    if relaxation is None:
        return {"pk": None, "uuid": None, "seed": None}
    label = next((link.link_label for link in relaxed.base.links.get_incoming().all()), "")
    inputs = {link.link_label: link.node for link in relaxation.base.links.get_incoming().all()}
    cell = inputs.get(label)
    if cell is None or cell.creator is None:
        return {"pk": getattr(cell, "pk", None), "uuid": getattr(cell, "uuid", None), "seed": None}
    seeds = [link.node.value for link in cell.creator.base.links.get_incoming().all() if link.link_label == "seed"]
    return {"pk": cell.pk, "uuid": cell.uuid, "seed": next(iter(seeds), None)}


def _msd(known: dict[str, Any], model: orm.Data) -> dict[str, Any]:
    distribution, msd = distribution_of(model), known["msd"]
    return {
        "value": msd,
        "low": known.get("msd_low"),
        "high": known.get("msd_high"),
        "coverage": known.get("coverage"),
        "unit": "A^2",
        "region": region_of(msd),
        "percentile": distribution.percentile(msd),
        "place": distribution.place(msd),
        "n_predictions": distribution.n,
        "outside_domain": known.get("outside_domain") or [],
        "unseen_elements": known.get("unseen_elements") or [],
        "distance": known.get("distance"),
        "defined": known.get("defined", True),
    }


def _decorations(known: dict[str, Any], model: orm.Data) -> dict[str, Any]:
    """Return the spread of the MSD (A^2) over the configurations of this composition that the model predicted."""
    nodes = [other for other in matching_predictions(known["label"]) if model_of(other).pk == model.pk]
    values = [other["msd"] for other in nodes]
    spread = stdev(values) if len(values) > 1 else None
    return {"n": len(values), "msd_mean": fmean(values), "msd_std": spread, "pks": [other.pk for other in nodes]}


def _structure(node: orm.StructureData) -> dict[str, Any]:
    lengths, angles = node.cell_lengths, node.cell_angles
    cell = dict(zip(_EDGES, map(float, (*lengths, *angles)), strict=True))
    content = {"formula": node.get_formula("hill_compact"), "n_atoms": len(node.sites)}
    volume = float(node.get_cell_volume())
    return {"pk": node.pk, "uuid": node.uuid, **content, "cell": cell, "volume": volume, "cif": structure_cif(node)}


def _features(node: orm.Dict, known: dict[str, Any]) -> list[dict[str, Any]]:
    """Return name, value, unit, definition and SHAP value (A^2) of every feature."""
    columns = node.creator.inputs.features.get_dict().get("columns", [])
    about = {column["name"]: column for column in columns}
    shap, outside = known.get("shap") or {}, known.get("outside_domain") or []
    return [
        {
            "name": name,
            "value": value,
            "unit": about.get(name, {}).get("unit"),
            "definition": about.get(name, {}).get("definition"),
            "shap": shap.get(name),
            "outside_domain": name in outside,
        }
        for name, value in known["features"].items()
    ]


def _model(node: orm.Data) -> dict[str, Any]:
    attributes = node.base.attributes.all
    summary = attributes.get("summary", {})
    return {
        "pk": node.pk,
        "uuid": node.uuid,
        "label": node.label,
        "kind": attributes.get("kind"),
        "feature_set": summary.get("feature_set"),
        "metrics": summary.get("metrics"),
        "n_training": len(summary.get("training_labels", ())),
        "label_engines": attributes.get("label_engines"),
    }


def _stages(trace: Trace) -> list[dict[str, Any]]:
    return [{"key": stage.key, "title": stage.title, "count": stage.count} for stage in trace.stages if stage.count]
