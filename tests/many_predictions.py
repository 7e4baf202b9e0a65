"""Thousands of predictions, linked as the real graph links them, stored in seconds.

Compositions and types are those of the family; features follow from ionic radii and a little noise, targets from the
features; the model is a real one, trained on them, and every MSD, interval and SHAP value is the model's own. The
potential's stage is that of `discovery_graph`. Relaxed structures hold one atom per element in the cell of the
features; the first `n_full` are real decorations of 160 atoms.

    graph = build_many(tmp_path, n=5000)      # into the loaded profile, which should be empty; about 20 s of CPU time
    graph.rows[uuid]                          # what the prediction of that UUID holds

The fixtures `many` (300 predictions by GB, 60 by RF) and `thousands` (5,000) of `conftest.py` are such graphs.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from aiida import orm
from bulk_graph import Bulk
from discovery_graph import (
    STANDIN,
    Discovery,
    calcjob,
    discovery_of,
    finetune,
    md_dataset,
    relaxation_dataset,
    uuids_of,
)

BATCH = 25
FEATURE_SET = "multinary"
# Shannon's radii for six neighbours, A: what makes the features of one composition differ from another's.
RADII = {
    "Zr": 0.72, "Mg": 0.72, "Ca": 1.0, "Zn": 0.74, "Ni": 0.69, "Co": 0.745, "Al": 0.535, "In": 0.8, "Ga": 0.62,
    "Sc": 0.745, "Y": 0.9, "Fe": 0.645, "La": 1.032, "Gd": 0.938, "Hf": 0.71, "Ge": 0.53, "Sn": 0.69, "Ti": 0.605,
    "Ce": 0.87, "Nb": 0.64, "Ta": 0.64, "Sb": 0.6, "Bi": 0.76, "V": 0.54,
}  # fmt: skip


@dataclass
class ManyPredictions:
    """What was stored: the nodes behind, the models and screens by kind, and the predictions' content by UUID."""

    discovery: Discovery
    models: dict = field(default_factory=dict)
    screens: dict = field(default_factory=dict)
    rows: dict = field(default_factory=dict)


def many_compositions(family, n):
    """Return n compositions: types 3-1 to 8-3, quaternary, and for the most part the quinary screen."""
    from aiida_hezsp.chemistry import draw, space

    n_ladder, n_quaternary = min(270, n // 5), min(735, n // 7)
    chosen = draw(space(family, "multinary", seed=1), n_ladder, 1)
    chosen += draw(space(family, "quaternary"), n_quaternary, 1)
    chosen += draw(space(family, "quinary"), min(4575, n), 1)
    return list(dict.fromkeys(chosen))[:n]


def features_of(composition):
    """Return the multinary features that a relaxed supercell might have."""
    digest = hashlib.sha256(composition.label.encode()).digest()
    rng = np.random.default_rng(np.frombuffer(digest, dtype="<u4").tolist())
    fractions = {element: float(part) for element, part in composition.site_fractions.items()}
    mean = sum(part * RADII[element] for element, part in fractions.items())
    spread = np.sqrt(sum(part * (RADII[element] - mean) ** 2 for element, part in fractions.items()))
    growth = 1 + 0.11 * (mean - 0.72)
    noise = rng.normal(size=14)
    x_li, edges = float(composition.x_li), np.array([12.947, 12.70, 12.711]) * growth + 0.02 * noise[:3]
    angles = np.array([92.458, 92.353, 92.277]) + 0.3 * noise[3:6]
    csm_m = 1.0 + 18 * spread + 0.1 * noise[6]
    values = [
        x_li, composition.s_config, *edges, *angles,
        14.0 + 1.5 * (x_li - 3) + 12 * spread + 0.4 * noise[7], 3.0 + 6 * spread + 0.2 * noise[8],
        csm_m, 0.35 * csm_m + 0.05 * abs(noise[9]),
        0.25 + 0.8 * spread + 0.02 * noise[10], 0.12 + 0.02 * abs(noise[11]),
        0.22 + 0.7 * spread + 0.02 * noise[12], 0.11 + 0.02 * abs(noise[13]),
    ]  # fmt: skip
    names = composition.family.feature_sets[FEATURE_SET]
    return dict(zip(names, map(float, values), strict=True))


def target_of(row):
    """Return an MSD (A^2) that such features might go with."""
    rng = np.random.default_rng(int(1e6 * row["a"]))
    log = 3.8 + 1.1 * (row["csm_li_mean"] - 15.4) + 0.8 * (row["s_config"] - 1.55) - (row["x_li"] - 3) ** 2
    return float(np.clip(np.exp(log + 0.15 * rng.normal()), 2.0, 190.0))


def relaxed_attributes(composition, row, *, full=False):
    """Return the attributes of a StructureData with the cell of the features: one atom per element, or all 160."""
    from pymatgen.core import Lattice, Structure

    from aiida_hezsp.chemistry import decorate
    from aiida_hezsp.data.structures import structure_data_from_pymatgen

    lattice = Lattice.from_parameters(*(row[name] for name in ("a", "b", "c", "alpha", "beta", "gamma")))
    if full:
        cell = decorate(composition.family, composition, "supercell", 1)
        relaxed = Structure(lattice, [site.specie for site in cell], cell.frac_coords)
        return structure_data_from_pymatgen(relaxed).base.attributes.all
    symbols = composition.sites("supercell")
    steps = np.linspace(0.05, 0.95, len(symbols))
    positions = np.outer(steps, [1.0, 1.0, 1.0]) @ lattice.matrix
    return {
        "cell": lattice.matrix.tolist(),
        **{f"pbc{axis}": True for axis in (1, 2, 3)},
        "kinds": [{"symbols": [s], "weights": [1.0], "mass": _mass(s), "name": s} for s in symbols],
        "sites": [{"position": p, "kind_name": s} for s, p in zip(symbols, positions.tolist(), strict=True)],
    }


def build_many(folder: Path, n=5000, *, n_rf=0, n_training=60, n_full=0, screen=True) -> ManyPredictions:
    """Store `n` predictions by a GB model and `n_rf` of the same compositions by an RF model in the loaded profile."""
    from aiida_hezsp.families import load_family

    family = load_family("lzsp")
    discovery = potential_stage(folder)
    graph = ManyPredictions(discovery)
    training = many_compositions(family, 4 * n_training)[::4]
    kinds = ("GB", "RF") if n_rf else ("GB",)
    graph.models = train_models(discovery, family, training, kinds, folder)
    compositions = many_compositions(family, n)
    for kind, number in zip(kinds, (n, n_rf), strict=False):
        graph.rows |= add_screen(graph, kind, compositions[:number], n_full=n_full, screen=screen)
    return graph


_KEPT: dict[str, object] = {}


def fresh_many(profile, folder: Path) -> ManyPredictions:
    """Return 300 predictions by GB and 60 by RF in the emptied profile: built once a session, then imported."""
    from aiida.tools.archive import create_archive, import_archive

    profile.reset_storage()
    if not _KEPT:
        graph = build_many(folder, 300, n_rf=60, n_full=2)
        nodes = [orm.load_node(pk) for (pk,) in orm.QueryBuilder().append(orm.Node, project="id").all()]
        create_archive(nodes, filename=folder / "many.aiida", compression=1)
        parts = {
            name: {kind: node.uuid for kind, node in getattr(graph, name).items()} for name in ("models", "screens")
        }
        _KEPT.update(archive=folder / "many.aiida", discovery=uuids_of(graph.discovery), rows=graph.rows, **parts)
        return graph
    import_archive(_KEPT["archive"])
    parts = {name: {kind: orm.load_node(uuid) for kind, uuid in _KEPT[name].items()} for name in ("models", "screens")}
    return ManyPredictions(discovery_of(_KEPT["discovery"]), rows=_KEPT["rows"], **parts)


def potential_stage(folder):
    """Store both fine-tunings with the DFT calculations behind them."""
    from aiida_hezsp.data import ChgnetModelData
    from aiida_hezsp.potential.model_file import load_model, save_model

    save_model(folder / "model.safetensors", load_model("0.3.0"), name="0.3.0")
    discovery = Discovery()
    nodes = discovery.nodes
    nodes.pretrained = ChgnetModelData(folder / "model.safetensors").store()
    nodes.first_finetune = finetune(nodes.pretrained, relaxation_dataset(discovery), folder, "relaxation finetune")
    nodes.relaxation_model = nodes.first_finetune.outputs.model
    images = md_dataset(discovery, nodes.relaxation_model)
    nodes.second_finetune = finetune(nodes.relaxation_model, images, folder, "md finetune")
    nodes.md_model = nodes.second_finetune.outputs.model
    return discovery


def train_models(discovery, family, compositions, kinds, folder):
    """Store features, MD runs and table of the training set, train on them, and return the model nodes by kind."""
    from aiida_hezsp.data import SfmsdModelData
    from aiida_hezsp.sfmsd import feature_definitions, save_model, train
    from aiida_hezsp.sfmsd.training import TrainSettings

    bulk, tables, results, rows = Bulk(), {}, {}, []
    for number, batch in enumerate(_batches(compositions)):
        features, relaxed, _ = _add_batch(bulk, discovery, batch, f"b{number}")
        tables[f"features__b{number}"] = features
        found = {c.label: {"msd": target_of(features_of(c)), "length_ps": 100.0, "error": None} for c in batch}
        results[f"results__b{number}"] = _add_md(bulk, discovery, relaxed, found)
        rows += [
            {"label": c.label, "features": features_of(c), "target": found[c.label]["msd"], "target_error": 8.0,
             "split": "test" if place % 4 == 3 else "train"}
            for place, c in enumerate(batch)
        ]  # fmt: skip
    table = {
        "feature_set": FEATURE_SET, "columns": feature_definitions(family, FEATURE_SET),
        "target": {"name": "msd", "unit": "A^2"}, "rows": rows, "left_out": {}, "label_engines": [STANDIN],
    }  # fmt: skip
    uuid = bulk.data("Dict", table)
    rule = bulk.data("Dict", {"test_fraction": 0.25, "seed": 1})
    kind = "aiida.calculations:hezsp.training_table"
    bulk.process("calcfunction", kind, {"rule": rule, **tables, **results}, {"result": uuid})
    bulk.flush()
    models, summaries = {}, {}
    boosted = train(table, TrainSettings(kind="GB", search_iterations=1, cv=2))
    for name in kinds:
        save_model(boosted if name == "GB" else small_forest(boosted, rows), folder / f"{name}.skops")
        models[name] = SfmsdModelData(folder / f"{name}.skops", folder / f"{name}.json")
        models[name].label_engines = [STANDIN]
        summaries[name] = models[name].base.attributes.get("summary")
    parts = {part: {name: summary[part] for name, summary in summaries.items()} for part in ("metrics", "importances")}
    report = orm.Dict({"job": "sfmsd-train", **parts, "target_mean": 50.0, "target_std": 30.0, "versions": {}})
    outputs = {"results": report, **{f"models__{name}": node for name, node in models.items()}}
    discovery.nodes.training = calcjob("hezsp.sfmsd_train", {"table": orm.load_node(uuid=uuid)}, outputs)
    discovery.nodes.sfmsd_model = models["GB"]
    return models


def small_forest(boosted, rows):
    """Return an RF model of a few trees with the description of another model: the search would take a minute."""
    from dataclasses import replace

    from sklearn.ensemble import RandomForestRegressor

    x = np.array([[row["features"][name] for name in boosted.features] for row in rows])
    forest = RandomForestRegressor(n_estimators=20, random_state=1).fit(x, [row["target"] for row in rows])
    probe = boosted.description.probe
    probe = probe.model_copy(update={"predictions": tuple(forest.predict(np.array(probe.features)).tolist())})
    description = boosted.description.model_copy(update={"kind": "RF", "probe": probe})
    return replace(boosted, estimator=forest, description=description)


def add_screen(graph, kind, compositions, *, n_full=0, screen=True):
    """Store the predictions of one model; return their content by UUID."""
    bulk, model, rows = Bulk(), graph.models[kind], {}
    trained = model.load()
    contents = iter(_contents(trained, kind, compositions))
    chain, returned = None, {}
    if screen:
        inputs = {"sfmsd_model": model, "relaxation_model": graph.discovery.nodes.relaxation_model}
        chain = bulk.process("workchain", "aiida.workflows:hezsp.screen", inputs, {}, label=f"screen by {kind}")
    for number, batch in enumerate(_batches(compositions)):
        n_now = max(0, n_full - number * BATCH)
        features, relaxed, known = _add_batch(bulk, graph.discovery, batch, f"b{number}", chain=chain, n_full=n_now)
        for composition in batch:
            label = composition.label
            content = next(contents)
            prediction = bulk.data("Dict", content)
            inputs = {
                "label": bulk.data("Str", {"value": label}), "structure": relaxed[label], "compositions": known,
                "features": features, "model": model,
            }  # fmt: skip
            kind_of = "aiida.calculations:hezsp.predict"
            bulk.process("calcfunction", kind_of, inputs, {"result": prediction}, caller=chain)
            returned[f"predictions__{label}"] = prediction
            rows[prediction] = content
    for name, prediction in returned.items() if screen else ():
        bulk.link(chain, prediction, name, "return")
    bulk.flush()
    if screen:
        graph.screens[kind] = orm.load_node(uuid=chain)
    return rows


def _contents(trained, kind, compositions):
    """Return what `hezsp.predict` stores for each composition."""
    rows = [features_of(composition) for composition in compositions]
    msd, (low, high), (shap, base) = trained.predict(rows), trained.intervals(rows), trained.shap_values(rows)
    return [
        {
            **composition.as_dict(), "msd": float(msd[k]), "msd_low": float(low[k]), "msd_high": float(high[k]),
            "coverage": trained.coverage, "features": row, "feature_set": FEATURE_SET,
            "shap": dict(zip(trained.features, map(float, shap[k]), strict=True)), "shap_base": float(base),
            "outside_domain": trained.outside_domain(row), "model_kind": kind, "label_engines": [STANDIN],
            "volume": _volume(row), "n_atoms": sum(composition.sites("supercell").values()),
        }
        for k, (composition, row) in enumerate(zip(compositions, rows, strict=True))
    ]  # fmt: skip


def _add_batch(bulk, discovery, batch, key, *, chain=None, n_full=0):
    """Add configurations, relaxation and features of a batch; return features, relaxed by label, compositions."""
    from aiida_hezsp.sfmsd import feature_definitions

    known = bulk.data("Dict", {composition.label: composition.as_dict() for composition in batch})
    cells, relaxed, rows = {}, {}, {}
    for place, composition in enumerate(batch):
        rows[composition.label] = features_of(composition)
        attributes = relaxed_attributes(composition, rows[composition.label], full=place < n_full)
        cells[composition.label] = bulk.data("StructureData", attributes)
        relaxed[composition.label] = bulk.data("StructureData", attributes)
    outputs = {f"structures__{label}": node for label, node in cells.items()}
    formulas = bulk.data("List", {"list": [composition.formula for composition in batch]})
    kind = "aiida.calculations:hezsp.make_configurations"
    inputs = {"formulas": formulas, "seed": bulk.data("Int", {"value": 1})}
    bulk.process("calcfunction", kind, inputs, outputs | {"compositions": known}, caller=chain)
    _add_relax(bulk, discovery, cells, relaxed, f"relax screen {key}")
    definitions = feature_definitions(batch[0].family, FEATURE_SET)
    features = bulk.data("Dict", {"feature_set": FEATURE_SET, "columns": definitions, "rows": rows, "failed": {}})
    parameters = bulk.data("Dict", {"feature_set": FEATURE_SET})
    inputs = {f"structures__{label}": node for label, node in relaxed.items()}
    inputs |= {"compositions": known, "parameters": parameters}
    bulk.process("calcfunction", "aiida.calculations:hezsp.features", inputs, {"result": features}, caller=chain)
    return features, relaxed, known


def _add_relax(bulk, discovery, cells, relaxed, label):
    results = bulk.data("Dict", {"job": "relax", "results": {key: {"error": None} for key in cells}})
    inputs = {f"structures__{key}": node for key, node in cells.items()}
    inputs |= {"model": discovery.nodes.relaxation_model}
    outputs = {f"structures__{key}": node for key, node in relaxed.items()} | {"results": results}
    _add_job(bulk, discovery, "hezsp.relax", inputs, outputs, label)


def _add_md(bulk, discovery, relaxed, found):
    model = discovery.nodes.md_model
    described = {"label_engines": model.label_engines, "name": model.name, "sha256": model.sha256}
    results = bulk.data("Dict", {"job": "md", "results": found, "model": described, "versions": {}})
    parameters = bulk.data("Dict", {"temperature": 1000.0, "n_steps": 100_000, "timestep": 1.0})
    inputs = {f"structures__{key}": node for key, node in relaxed.items()} | {"model": model, "parameters": parameters}
    _add_job(bulk, discovery, "hezsp.md", inputs, {"results": results}, "md 1000 K")
    return results


def _add_job(bulk, discovery, kind, inputs, outputs, label):
    computer = discovery.nodes.first_finetune.computer
    remote = bulk.data("RemoteData", {"remote_path": "/tmp/somewhere"}, computer=computer)
    outputs = {"remote_folder": remote, "retrieved": bulk.data("FolderData", {}), **outputs}
    bulk.process("calcjob", f"aiida.calculations:{kind}", inputs, outputs, label=label, computer=computer)


def _batches(compositions):
    return [compositions[start : start + BATCH] for start in range(0, len(compositions), BATCH)]


def _volume(row):
    from pymatgen.core import Lattice

    return Lattice.from_parameters(*(row[name] for name in ("a", "b", "c", "alpha", "beta", "gamma"))).volume


def _mass(symbol):
    from aiida.common.constants import elements

    return next(entry["mass"] for entry in elements.values() if entry["symbol"] == symbol)
