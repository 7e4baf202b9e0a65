"""Make a dataset of imported runs with the calcfunctions of the DFT work chains."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from aiida import orm
from pymatgen.core import Composition

from aiida_hezsp.calculations.merge_images import merge_images
from aiida_hezsp.calculations.relaxation_images import relaxation_images
from aiida_hezsp.calculations.single_point_images import single_point_images
from aiida_hezsp.data import ImageData
from aiida_hezsp.errors import HezspError, VaspRunError
from aiida_hezsp.families import Family
from aiida_hezsp.provenance.import_vasp.importing import ImportedRun
from aiida_hezsp.provenance.import_vasp.levels import by_level, name_of
from aiida_hezsp.provenance.import_vasp.paths import join_paths
from aiida_hezsp.workflows.base import batches

__all__ = ("Dataset", "composition_label", "make_datasets")

EXTRA = "hezsp_import_runs"  # on a dataset: the calculations and the rule it was made from
_BATCH = 25  # calcfunctions with more inputs take superlinearly long


@dataclass(frozen=True)
class Dataset:
    """The dataset, what was left out of it and why, and whether it was there before."""

    images: ImageData
    removed: list[dict[str, Any]]
    is_new: bool
    level: str
    paths: dict[str, list[ImportedRun]] = field(repr=False)


def make_datasets(
    runs: Sequence[ImportedRun], rule: Mapping[str, Any], family: Family
) -> tuple[list[Dataset], dict[str, str]]:
    """Return a dataset of runs for each level of theory among them.

    Args:
        runs: imported runs, in natural order.
        rule: section `dft.images` of a protocol.
        family: gives compositions their labels.

    Returns:
        The datasets, and why a level (by its first run) has none.
    """
    datasets, without = [], {}
    for level, members in by_level(runs, lambda run: run.level):
        try:
            datasets.append(_make_dataset(members, rule, family, name_of(level)))
        except VaspRunError as error:
            without[str(members[0].source)] = str(error)
    return datasets, without


def _make_dataset(runs: Sequence[ImportedRun], rule: Mapping[str, Any], family: Family, level: str) -> Dataset:
    """Return the dataset of runs of one level: images of relaxations and MD by the paper's rule, single points all.

    Raises:
        VaspRunError: no run has a usable image.
    """
    paths = _labelled(join_paths(runs), family)
    made_of = {"runs": sorted(run.node.uuid for run in runs), "rule": dict(rule)}
    if (known := _known(made_of)) is not None:
        return Dataset(known, _removed_of(known), is_new=False, level=level, paths=paths)
    datasets: dict[str, Any] = {}
    left_out: dict[str, orm.List] = {}
    for key, collected in _collected(paths, rule, family):
        left_out[key] = collected["left_out"]
        if "images" in collected:
            datasets[key] = collected["images"]
    if not datasets:
        reasons = [entry["reason"] for node in left_out.values() for entry in node.get_list()]
        raise VaspRunError(f"not one image can be used: {next(iter(reasons), 'no run was imported')}")
    merged = _merged(datasets, left_out, rule["outlier_threshold"])
    images = merged["images"]
    images.label, images.description = "imported", level
    images.base.extras.set(EXTRA, made_of)
    return Dataset(images, merged["removed"]["removed"], is_new=True, level=level, paths=paths)


def composition_label(composition: Composition, family: Family) -> str:
    """Return the label of a composition: the family's where it belongs to the family, its reduced formula elsewhere."""
    from aiida_hezsp.chemistry import parse_formula

    amounts = {str(element): Fraction(round(amount)) for element, amount in composition.items()}
    anchor, species = next(iter(family.fixed.items()))
    units = amounts.get(anchor, Fraction(0)) / species.count
    if units:
        text = "".join(f"{element}{float(amount / units):.6g}" for element, amount in amounts.items())
        try:
            return parse_formula(family, text).label
        except HezspError:
            pass
    return re.sub("[^a-zA-Z0-9]+", "_", composition.reduced_formula).strip("_")


def _labelled(paths: Sequence[list[ImportedRun]], family: Family) -> dict[str, list[ImportedRun]]:
    """Return the paths by label; the second and later ones of a composition are numbered."""
    labels: Counter[str] = Counter()
    found = {}
    for path in paths:
        label = composition_label(path[0].initial.composition, family)
        labels[label] += 1
        found[label if labels[label] == 1 else f"{label}_{labels[label]}"] = path
    return found


def _collected(
    paths: Mapping[str, list[ImportedRun]], rule: Mapping[str, Any], family: Family
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what the calcfunctions select, by the key of the dataset."""
    single = {key: path[0] for key, path in paths.items() if path[0].kind == "single point"}
    for key, path in paths.items():
        if key not in single:
            # The first images of a relaxation are the ones far from equilibrium; those of MD are as good as any other.
            head = rule["head"] if path[0].kind == "relaxation" else 0
            selection = orm.Dict({"head": head, "tail": rule["tail"], "seed": rule["seed"]})
            group = orm.Str(composition_label(path[0].initial.composition, family))
            runs = {f"r{number}": run.node for number, run in enumerate(path)}
            yield key, relaxation_images(group=group, rule=selection, **_inputs(runs))
    for number, keys in enumerate(batches(single, _BATCH)):
        groups = {key: composition_label(single[key].initial.composition, family) for key in keys}
        runs = {key: single[key].node for key in keys}
        yield f"single_points_{number}", single_point_images(groups=orm.Dict(groups), **_inputs(runs))


def _merged(
    datasets: Mapping[str, ImageData], left_out: Mapping[str, orm.List], threshold: float | None
) -> Mapping[str, Any]:
    """Join datasets, many of them in two stages; outliers are looked for in all of them together."""
    joined = dict(datasets)
    if len(datasets) > _BATCH:
        keep_all = orm.Dict({"outlier_threshold": None})
        joined = {
            f"batch_{number}": merge_images(rule=keep_all, datasets={key: datasets[key] for key in keys})["images"]
            for number, keys in enumerate(batches(datasets, _BATCH))
        }
    reasons = {key: node for key, node in left_out.items() if node.get_list()}
    return merge_images(rule=orm.Dict({"outlier_threshold": threshold}), datasets=joined, left_out=reasons)


def _inputs(runs: Mapping[str, orm.CalcJobNode]) -> dict[str, dict[str, orm.Data]]:
    """Return the outputs of runs as a selecting calcfunction takes them."""
    return {
        "trajectories": {key: node.outputs.trajectory for key, node in runs.items() if "trajectory" in node.outputs},
        "retrieved": {key: node.outputs.retrieved for key, node in runs.items()},
    }


def _known(made_of: Mapping[str, Any]) -> ImageData | None:
    """Return the dataset that an earlier import made from the same calculations by the same rule."""
    query = orm.QueryBuilder().append(ImageData, filters={"extras": {"has_key": EXTRA}})
    return next((node for node in query.all(flat=True) if node.base.extras.get(EXTRA) == made_of), None)


def _removed_of(images: ImageData) -> list[dict[str, Any]]:
    """Return what was left out of a dataset that was there before."""
    links = images.creator.base.links.get_outgoing(link_label_filter="removed").all() if images.creator else []
    return list(links[0].node["removed"]) if links else []
