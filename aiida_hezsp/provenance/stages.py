"""The stages behind a prediction, found by how the processes feed each other, never by labels or times."""

from collections.abc import Iterable
from dataclasses import dataclass

from aiida_hezsp.provenance.graph import AncestorGraph

__all__ = ("OTHER", "STAGES", "StageKind", "assign_stages", "collectors_of")

PREDICT = "hezsp.predict"
FINETUNE = "hezsp.finetune"
MD = "hezsp.md"
RELAX = "hezsp.relax"
CONFIGURE = "hezsp.make_configurations"
SELECT = "hezsp.transition_structures"


@dataclass(frozen=True)
class StageKind:
    """A stage: its key, its title, and the stage it feeds."""

    key: str
    title: str
    feeds: str | None


STAGES = (
    StageKind("prediction", "Prediction", None),
    StageKind("features", "Features of the composition", "prediction"),
    StageKind("relaxation", "Relaxation of the composition", "features"),
    StageKind("sfmsd_training", "SF-MSD training", "prediction"),
    StageKind("training_features", "Features of the training set", "sfmsd_training"),
    StageKind("training_relaxations", "Relaxations of the training set", "training_features"),
    StageKind("md_runs", "MD runs of the training set", "sfmsd_training"),
    StageKind("second_finetune", "Second fine-tuning: the MD model", "md_runs"),
    StageKind("md_dataset", "MD dataset", "second_finetune"),
    StageKind("md_dft", "DFT single points of the MD dataset", "md_dataset"),
    StageKind("transition_selection", "Selection of transition images", "md_dft"),
    StageKind("transition_md", "MD for transition images", "transition_selection"),
    StageKind("transition_relaxations", "Relaxations before that MD", "transition_md"),
    StageKind("first_finetune", "First fine-tuning: the relaxation model", "second_finetune"),
    StageKind("relaxation_dataset", "Relaxation dataset", "first_finetune"),
    StageKind("relaxation_dft", "DFT relaxations", "relaxation_dataset"),
    StageKind("pretrained", "Pretrained model", "first_finetune"),
    StageKind("configurations", "Configurations", None),
    StageKind("other", "Other steps", None),
)
OTHER = "other"


def assign_stages(graph: AncestorGraph, prediction: int) -> dict[str, list[int]]:
    """Return the processes of every stage by its key; what fits nowhere is in `other`, so that none is lost.

    A fine-tuning belongs to the first stage if the model it starts from was not fine-tuned in this graph, else to the
    second; its dataset and the calculations behind it follow it. Interrupted runs stay with those that continued them.
    """
    found: dict[str, list[int]] = {stage.key: [] for stage in STAGES}
    found |= _predicting(graph, prediction)
    found |= _training(graph, found["sfmsd_training"])
    for depth, (finetune, dataset, dft) in (
        (1, ("first_finetune", "relaxation_dataset", "relaxation_dft")),
        (2, ("second_finetune", "md_dataset", "md_dft")),
    ):
        found[finetune] = [pk for pk in graph.processes(FINETUNE) if min(_depth(graph, pk), 2) == depth]
        found[dataset], found[dft] = _dataset(graph, found[finetune])
    found |= _transitions(graph, {*found["relaxation_dft"], *found["md_dft"]})
    found["configurations"] = graph.processes(CONFIGURE)
    assigned = {pk for pks in found.values() for pk in pks}
    found[OTHER] = [pk for pk in graph.processes() if pk not in assigned]
    return found


def collectors_of(graph: AncestorGraph, datasets: Iterable[int]) -> tuple[set[int], set[int]]:
    """Follow image sets up; return the calcfunctions that collected DFT runs, and all calcfunctions passed."""
    waiting, collectors, passed = list(datasets), set(), set()
    while waiting:
        maker = graph.creator(waiting.pop())
        if maker is None or maker in passed:
            continue
        passed.add(maker)
        if graph.inputs(maker, "retrieved"):
            collectors.add(maker)
        waiting += graph.of_kind(graph.all_inputs(maker), "ImageData")
    return collectors, passed


def _predicting(graph: AncestorGraph, prediction: int) -> dict[str, list[int]]:
    predict = [pk for pk in (graph.creator(prediction),) if pk is not None]
    features = graph.makers(predict, "features")  # of a batch: its other structures are ancestors as well
    relaxations = graph.of_kind({*graph.makers(predict, "structure"), *graph.makers(features, "structures")}, RELAX)
    return {
        "prediction": predict,
        "features": features,
        "relaxation": _with_interrupted(graph, relaxations),
        "sfmsd_training": graph.makers(predict, "model"),
    }


def _training(graph: AncestorGraph, training: list[int]) -> dict[str, list[int]]:
    table = graph.makers(training, "table")
    features = graph.makers(table, "features")
    runs = _with_interrupted(graph, graph.makers(table, "results"))
    relaxations = graph.of_kind(graph.makers([*features, *runs], "structures"), RELAX)
    return {
        "sfmsd_training": sorted({*training, *table}),
        "training_features": features,
        "md_runs": runs,
        "training_relaxations": _with_interrupted(graph, relaxations),
    }


def _depth(graph: AncestorGraph, finetune: int) -> int:
    """Return how many fine-tunings in a row led to the model that this one makes."""
    depth, current = 1, finetune
    while parents := graph.of_kind(graph.makers([current], "model"), FINETUNE):
        depth, current = depth + 1, parents[0]
    return depth


def _dataset(graph: AncestorGraph, finetunes: list[int]) -> tuple[list[int], list[int]]:
    collectors, passed = collectors_of(graph, graph.entered(finetunes, "images"))
    dft = graph.makers(collectors, "retrieved")
    return sorted(passed), _with_interrupted(graph, dft, "structure", "restart_folder")


def _transitions(graph: AncestorGraph, dft: set[int]) -> dict[str, list[int]]:
    selections = graph.of_kind(graph.makers(dft, "structure"), SELECT)
    runs = _with_interrupted(graph, graph.of_kind(graph.makers(selections, "trajectory"), MD))
    relaxations = graph.of_kind(graph.makers(selections, "structure") + graph.makers(runs, "structures"), RELAX)
    return {
        "transition_selection": selections,
        "transition_md": runs,
        "transition_relaxations": sorted(set(_with_interrupted(graph, relaxations))),
    }


def _with_interrupted(graph: AncestorGraph, pks: Iterable[int], *ports: str) -> list[int]:
    """Add the processes of the same kind that these were continued from."""
    found, waiting = set(pks), list(pks)
    while waiting:
        pk = waiting.pop()
        before = graph.of_kind(graph.makers([pk], *(ports or ("restart_folder",))), graph.nodes[pk].kind)
        waiting += set(before) - found
        found |= set(before)
    return sorted(found)
