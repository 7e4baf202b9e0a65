"""Find SF-MSD models by what users call them, and what such a model and its predictions were made with."""

import re
from dataclasses import dataclass, replace

from aiida import orm
from aiida.common.exceptions import MultipleObjectsError, NotExistent

from aiida_hezsp.data import ChgnetModelData, SfmsdModelData
from aiida_hezsp.errors import PredictionError
from aiida_hezsp.provenance.identifiers import find_node
from aiida_hezsp.provenance.predictions import model_of

__all__ = ("TrainingRoute", "all_models", "find_model", "newest_model", "prediction_route", "training_route")

_UUID = re.compile(r"[0-9a-f]{4,8}(-[0-9a-f-]*)?")
_MAIN = {"attributes": {"!has_key": "variant"}}
_LIST = "`verdi data hezsp model list` lists the models"


def find_model(identifier: str) -> SfmsdModelData:
    """Return an SF-MSD model by pk, UUID (or its beginning), node label, or kind (``GB``): of several the newest.

    Models to compare with (`variant`) have neither been trained on all kinds of compositions nor made for screening: a
    kind alone never means one of them.

    Raises:
        PredictionError: there is none, or the identifier belongs to something else; says what.
    """
    if identifier.isdigit() or _UUID.fullmatch(identifier):
        try:
            node = find_node(identifier)
        except (NotExistent, MultipleObjectsError) as error:
            raise PredictionError(f"no single node has the identifier {identifier}; {_LIST}") from error
        if not isinstance(node, SfmsdModelData):
            raise PredictionError(f"node {node.pk} is a {type(node).__name__}, not an SF-MSD model; {_LIST}")
        return node
    found = _newest({"or": [{"label": identifier}, {"attributes.kind": identifier, **_MAIN}]})
    if found is None:
        raise PredictionError(f"no SF-MSD model has the label or the kind {identifier!r}; {_LIST}")
    return found


def newest_model(kind: str) -> SfmsdModelData:
    """Return the newest SF-MSD model, of the given kind if there is one.

    Raises:
        PredictionError: the profile has no SF-MSD model.
    """
    found = _newest({"attributes.kind": kind, **_MAIN}) or _newest(_MAIN)
    if found is None:
        raise PredictionError(
            "this profile has no SF-MSD model: `aiida-hezsp launch discover` or `launch sfmsd` trains one, "
            "and `verdi archive import` brings published ones"
        )
    return found


def all_models() -> list[SfmsdModelData]:
    """Return all SF-MSD models, newest first."""
    query = orm.QueryBuilder().append(SfmsdModelData, tag="model", project="*")
    query.order_by({"model": [{"ctime": "desc"}, {"id": "desc"}]})
    found: list[SfmsdModelData] = query.all(flat=True)
    return found


@dataclass(frozen=True)
class TrainingRoute:
    """How the structures that a model was trained on were made; None where the graph does not say.

    Attributes:
        family: the family, self-contained.
        relaxation_model: the CHGNet model that relaxed them.
        md_model: the CHGNet model whose MD made the targets.
        n_atoms: atoms of the largest of a few of them.
        domain: range of every feature in the training set.
    """

    family: orm.Dict | None
    relaxation_model: ChgnetModelData | None
    md_model: ChgnetModelData | None
    n_atoms: int | None
    domain: dict[str, tuple[float, float]]

    def outside(self, values: dict[str, float]) -> list[str]:
        """Return which of the given features lie outside the training range, in words."""
        ranges = {name: self.domain[name] for name in values if name in self.domain}
        return [
            f"{name} {values[name]:.4g} (trained on {low:.4g} to {high:.4g})"
            for name, (low, high) in ranges.items()
            if not low - ROUNDING * abs(low) <= values[name] <= high + ROUNDING * abs(high)
        ]


def training_route(model: SfmsdModelData) -> TrainingRoute:
    """Follow a model up to the features, structures and relaxations of its training set."""
    domain = {name: (float(low), float(high)) for name, (low, high) in _summary(model).get("domain", {}).items()}
    features = _a_step_of_the_table(model, "features__")
    if features is None:
        return TrainingRoute(None, None, None, None, domain)
    inputs = _inputs(features)
    structures = [node for name, node in inputs.items() if name.startswith("structures__")][:_FEW]
    return TrainingRoute(
        family=inputs.get("family"),
        relaxation_model=_chgnet_model(structures[0].creator if structures else None),
        md_model=_chgnet_model(_a_step_of_the_table(model, "results__")),
        n_atoms=max((len(node.sites) for node in structures), default=None),
        domain=domain,
    )


def prediction_route(prediction: orm.Dict) -> TrainingRoute:
    """Return the route of a prediction's SF-MSD model, with the family and the relaxation of the prediction itself."""
    route = training_route(model_of(prediction))
    inputs = _inputs(prediction.creator)
    features = inputs["features"].creator
    family = None if features is None else _inputs(features).get("family")
    return replace(
        route,
        family=family or route.family,
        relaxation_model=_chgnet_model(inputs["structure"].creator) or route.relaxation_model,
    )


ROUNDING = 1e-9  # of a range that went through a file; an entropy of the same composition must not lie outside
_FEW = 3


def _summary(model: SfmsdModelData) -> dict:
    return dict(model.base.attributes.get("summary"))


def _a_step_of_the_table(model: SfmsdModelData, prefix: str) -> orm.ProcessNode | None:
    """Return one of the steps whose outputs the table of the training set was joined from, by the inputs' prefix."""
    training = model.creator
    table = None if training is None else _inputs(training).get("table")
    joined = None if table is None else table.creator
    for name, node in ({} if joined is None else _inputs(joined)).items():
        if name.startswith(prefix) and node.creator is not None:
            creator: orm.ProcessNode = node.creator
            return creator
    return None


def _chgnet_model(process: orm.ProcessNode | None) -> ChgnetModelData | None:
    """Return the CHGNet model that a relaxation or an MD job ran with."""
    model = None if process is None else _inputs(process).get("model")
    return model if isinstance(model, ChgnetModelData) else None


def _inputs(process: orm.ProcessNode) -> dict[str, orm.Data]:
    return {link.link_label: link.node for link in process.base.links.get_incoming().all()}


def _newest(filters: dict) -> SfmsdModelData | None:
    query = orm.QueryBuilder().append(SfmsdModelData, filters=filters, tag="model", project="*")
    query.order_by({"model": [{"ctime": "desc"}, {"id": "desc"}]})
    found: SfmsdModelData | None = query.first(flat=True)
    return found
