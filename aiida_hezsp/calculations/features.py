"""Extract the structural features of relaxed structures."""

from aiida import orm
from aiida.engine import calcfunction

from aiida_hezsp.data.label_engines import engines_behind
from aiida_hezsp.errors import HezspError

__all__ = ("features",)


@calcfunction
def features(family: orm.Dict, compositions: orm.Dict, parameters: orm.Dict, **inputs: dict[str, orm.Data]) -> orm.Dict:
    """Extract the features of a batch of relaxed structures (paper, sections 2.2 and 2.3).

    Args:
        family: the family, self-contained; its rules say which polyhedra are measured, and how.
        compositions: what is known of each composition, by label (`hezsp.make_configurations`).
        parameters: `feature_set`, e.g. ``multinary``.
        inputs: namespaces `structures`, keyed by label, and `relaxations`, results of the jobs that relaxed them, by
            any key; without those the features do not say what labelled the images behind the relaxation model.

    Returns:
        A Dict with `feature_set`, `columns` (name, unit, definition), `rows` by label, `failed` by label, and
        `label_engines`, those behind the models that relaxed.
    """
    from aiida_hezsp.chemistry import parse_formula
    from aiida_hezsp.families import Family
    from aiida_hezsp.sfmsd import extract_features, feature_definitions

    definition = Family.from_dict(family.get_dict())
    feature_set = parameters["feature_set"]
    known = compositions.get_dict()
    rows: dict[str, dict[str, float]] = {}
    failed: dict[str, str] = {}
    for label, node in sorted(inputs["structures"].items()):
        composition = parse_formula(definition, known[label]["formula"])
        try:
            rows[label] = extract_features(node.get_pymatgen(), composition, definition, feature_set=feature_set)
        except HezspError as error:
            failed[label] = str(error)
    return orm.Dict(
        {
            "feature_set": feature_set,
            "columns": feature_definitions(definition, feature_set),
            "rows": rows,
            "failed": failed,
            "label_engines": sorted(engines_behind(inputs.get("relaxations", {}).values())),
        }
    )
