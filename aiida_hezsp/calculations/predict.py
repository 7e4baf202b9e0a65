"""Predict the MSD of one composition."""

from functools import lru_cache

from aiida import orm
from aiida.engine import calcfunction

from aiida_hezsp.data import SfmsdModelData

__all__ = ("predict",)


@lru_cache(maxsize=4)
def _load(uuid: str) -> object:
    """Return the model of a node; kept, because a screen predicts thousands of times with the same one."""
    return orm.load_node(uuid).load()


@calcfunction
def predict(
    label: orm.Str,
    structure: orm.StructureData,
    compositions: orm.Dict,
    features: orm.Dict,
    model: SfmsdModelData,
) -> orm.Dict:
    """Predict the MSD of one relaxed structure; each structure has a prediction of its own.

    Args:
        label: label of the composition.
        structure: the relaxed structure.
        compositions: what is known of the compositions of the batch, by label.
        features: features of the batch.
        model: the SF-MSD model.

    Returns:
        A Dict: formula, elements, type, x_li, s_config, features, `msd` (A^2), `msd_low` and `msd_high` (interval of
        the stated coverage), `shap` by feature with `shap_base`, `outside_domain` (features out of the training range),
        `unseen_elements` (that no training composition has),
        `distance` (from the nearest training rows; 95 % of those stay below 1), `defined` (false where a SISSO model
        has no value and its training mean stands in), model,
        `label_engines` (behind the SF-MSD model and behind the model that relaxed), cell volume.
    """
    known = compositions.get_dict()[label.value]
    row = features.get_dict()["rows"][label.value]
    trained = _load(model.uuid)
    low, high = trained.intervals([row])
    shap_values, base = trained.shap_values([row])
    return orm.Dict(
        known
        | {
            "msd": float(trained.predict([row])[0]),
            "msd_low": float(low[0]),
            "msd_high": float(high[0]),
            "coverage": trained.coverage,
            "features": row,
            "feature_set": features["feature_set"],
            "shap": dict(zip(trained.features, map(float, shap_values[0]), strict=True)),
            "shap_base": float(base),
            "outside_domain": trained.outside_domain(row),
            "unseen_elements": trained.unseen_elements(known.get("elements", [])),
            "distance": float(trained.distance([row])[0]),
            "defined": bool(trained.defined([row])[0]),
            "model_kind": model.kind,
            "label_engines": sorted({*model.label_engines, *features.get_dict().get("label_engines", ())}),
            "volume": structure.get_cell_volume(),
            "n_atoms": len(structure.sites),
        }
    )
