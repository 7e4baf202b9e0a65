"""What each prediction was made from, read for all of them in a few queries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiida import orm

from aiida_hezsp.provenance.chunks import chunks
from aiida_hezsp.provenance.predictions import PREDICT_PROCESS_TYPE

__all__ = ("Links", "continued_from", "read_links")

_CONFIGURE = "aiida.calculations:hezsp.make_configurations"


@dataclass(frozen=True)
class Links:
    """The nodes next to one prediction, by pk; `relaxation_model` is None where the structure was not relaxed here."""

    predict: int
    structure: int
    model: int
    features: int
    features_step: int | None
    relaxation: int | None
    relaxation_model: int | None
    configuration: int | None

    @property
    def shared(self) -> tuple[int, int | None]:
        """What decides all that lies further up: predictions that agree in it share the rest of their trace."""
        return self.model, self.relaxation_model


def read_links(predictions: Iterable[int]) -> dict[int, Links]:
    """Return the links of predictions by their pk."""
    wanted = set(predictions)
    made = {pk: predict for predict, pk in _pairs(orm.Dict, "outgoing") if pk in wanted}
    inputs = {port: dict(_pairs(orm.Data, port)) for port in ("structure", "model", "features", "compositions")}
    structures = {inputs["structure"][predict] for predict in made.values()}
    tables = {inputs["features"][predict] for predict in made.values()}
    relaxations, steps = creators(structures), creators(tables)
    configurations = creators(set(inputs["compositions"].values()))
    models = _models(set(relaxations.values()))
    found = {}
    for pk, predict in made.items():
        structure, features = inputs["structure"][predict], inputs["features"][predict]
        relaxation = relaxations.get(structure)
        compositions = inputs["compositions"].get(predict, -1)
        found[pk] = Links(
            predict=predict,
            structure=structure,
            model=inputs["model"][predict],
            features=features,
            features_step=steps.get(features),
            relaxation=relaxation if relaxation in models else None,
            relaxation_model=models.get(relaxation or -1),
            configuration=configurations.get(compositions),
        )
    return found


def _pairs(kind: type[orm.Data], port: str) -> list[tuple[int, int]]:
    """Return (predict, data) for what all predict steps made, or took at a port."""
    query = orm.QueryBuilder()
    query.append(orm.CalcFunctionNode, filters={"process_type": PREDICT_PROCESS_TYPE}, project="id", tag="predict")
    if port == "outgoing":
        query.append(kind, with_incoming="predict", project="id")
    else:
        query.append(kind, with_outgoing="predict", edge_filters={"label": port}, project="id")
    return [(predict, pk) for predict, pk in query.iterall()]


def creators(pks: Iterable[int]) -> dict[int, int]:
    """Return the process that made each data node; a node that nothing made is left out."""
    found: dict[int, int] = {}
    for chunk in chunks(pks):
        query = orm.QueryBuilder()
        query.append(orm.Data, filters={"id": {"in": chunk}}, project="id", tag="data")
        query.append(orm.CalculationNode, with_outgoing="data", project="id")
        found |= dict(query.all())
    return found


def _models(relaxations: Iterable[int]) -> dict[int, int]:
    """Return the potential each relaxation used."""
    found: dict[int, int] = {}
    for chunk in chunks(relaxations):
        query = orm.QueryBuilder()
        query.append(orm.CalcJobNode, filters={"id": {"in": chunk}}, project="id", tag="job")
        query.append(orm.Data, with_outgoing="job", edge_filters={"label": "model"}, project="id")
        found |= dict(query.all())
    return found


def continued_from(jobs: Iterable[int]) -> Mapping[int, int]:
    """Return, for jobs that continue an interrupted one, the one they continue; followed to the first."""
    found: dict[int, int] = {}
    waiting = set(jobs)
    while waiting:
        step: dict[int, int] = {}
        for chunk in chunks(waiting):
            query = orm.QueryBuilder()
            query.append(orm.CalcJobNode, filters={"id": {"in": chunk}}, project="id", tag="job")
            query.append(orm.RemoteData, with_outgoing="job", edge_filters={"label": "restart_folder"}, tag="folder")
            query.append(orm.CalcJobNode, with_outgoing="folder", project="id")
            step |= dict(query.all())
        found |= step
        waiting = set(step.values()) - set(found)
    return found
