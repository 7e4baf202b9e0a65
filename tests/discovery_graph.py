"""A small graph of the true shape: real node types and links, made by hand so that no job has to run.

The end-to-end test has the same graph from real processes.
"""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from aiida import orm
from aiida.common import LinkType
from aiida.engine import ProcessState

from aiida_hezsp.data import ChgnetModelData, ImageData, SfmsdModelData
from aiida_hezsp.potential.images import ImageSet

STANDIN = "standin r2scan"
TRAINING = ("Li4Zr1p5Mg0p5Si2PO12", "Li3Hf2Si2PO12", "Li2p5Zr1p5Nb0p5Si2PO12")
TARGETS = tuple(f"Li3Zr0p5Hf0p5Al0p5{element}0p5Si2PO12" for element in ("Nb", "Ta", "Sb", "V", "Bi", "Sc", "In", "Y"))
SCREENED = {
    "Li2p625Zr0p5Ti0p375Sn0p375Hf0p375Nb0p375Si2PO12": 144.25,
    "Li3Zr0p5Ti0p375Ge0p375Sn0p375Hf0p375Si2PO12": 60.5,
    "Li3p375Zr0p5Al0p375Ti0p375Sn0p375Hf0p375Si2PO12": 120.5,
}
FEATURES = ("x_li", "s_config", "a", "csm_M_mean")


@dataclass
class Discovery:
    """The nodes that tests ask for."""

    vasp_relaxations: list = field(default_factory=list)
    vasp_single_points: list = field(default_factory=list)
    interrupted_vasp: list = field(default_factory=list)
    md_runs: list = field(default_factory=list)
    transition_md: list = field(default_factory=list)
    predictions: dict = field(default_factory=dict)
    nodes: SimpleNamespace = field(default_factory=SimpleNamespace)


def process(node_class, process_type, inputs, outputs, *, exit_status=0, label="", **attributes):
    """Store a finished process with its inputs and outputs by link label, and seal it."""
    node = node_class(process_type=process_type, label=label)
    if issubclass(node_class, orm.CalcJobNode):
        node.computer = localhost()
        node.set_option("resources", {"num_machines": 1})
    work = issubclass(node_class, orm.WorkflowNode)
    for name, source in inputs.items():
        node.base.links.add_incoming(source.store(), LinkType.INPUT_WORK if work else LinkType.INPUT_CALC, name)
    node.store()
    node.set_process_label(process_type.rpartition(":")[2])
    node.set_process_state(ProcessState.FINISHED)
    node.set_exit_status(exit_status)
    for name, value in attributes.items():
        node.base.attributes.set(name, value)
    for name, output in outputs.items():
        output.base.links.add_incoming(node, LinkType.RETURN if work else LinkType.CREATE, name)
        output.store()
    node.seal()
    return node


def calcjob(kind, inputs, outputs, **kwargs):
    remote = orm.RemoteData(remote_path="/tmp/somewhere", computer=localhost())
    outputs = {"remote_folder": remote, "retrieved": orm.FolderData(), **outputs}
    return process(orm.CalcJobNode, f"aiida.calculations:{kind}", inputs, outputs, **kwargs)


def calcfunction(name, inputs, outputs):
    return process(orm.CalcFunctionNode, f"aiida.calculations:hezsp.{name}", inputs, outputs)


def localhost():
    created, computer = orm.Computer.collection.get_or_create(
        label="localhost", hostname="localhost", transport_type="core.local", scheduler_type="core.direct"
    )
    return (created and created.store()) if isinstance(created, orm.Computer) else computer.store()


def structure(label):
    node = orm.StructureData(cell=[[4.0, 0, 0], [0, 4.0, 0], [0, 0, 4.0]], label=label)
    node.append_atom(symbols="Li", position=(0.0, 0.0, 0.0))
    node.append_atom(symbols="O", position=(2.0, 2.0, 2.0))
    return node


def image_set(group, source, n_images=2, engine=STANDIN):
    rng = np.random.default_rng(len(group) + n_images)
    return ImageSet.from_frames(
        symbols=["Li", "O"],
        cells=np.tile(np.eye(3) * 4.0, (n_images, 1, 1)),
        positions=rng.random((n_images, 2, 3)),
        energies=rng.random(n_images),
        forces=rng.random((n_images, 2, 3)),
        group=group,
        source=source,
        engine=engine,
    )


def merged(datasets):
    from dataclasses import replace

    sets = []
    for key, node in datasets.items():
        images = node.get_images()
        sets.append(replace(images, sources=np.array([f"{key}/{source}" for source in images.sources])))
    return ImageData(ImageSet.concatenate(sets))


def predictions_array(n_images=12, n_atoms=4):
    rng = np.random.default_rng(3)
    energies, forces = -7 + rng.random(n_images), rng.normal(size=(n_images * n_atoms, 3))
    node = orm.ArrayData()
    splits = ["train"] * 6 + ["validation"] * 2 + ["test"] * 2 + ["unseen"] * 2
    node.set_array("split", np.char.encode(np.array(splits), "utf8"))
    node.set_array("n_atoms", np.full(n_images, n_atoms))
    for stage, spread in (("reference", 0.0), ("before", 0.2), ("after", 0.05)):
        node.set_array(f"{stage}_energies", energies + spread * rng.normal(size=n_images))
        node.set_array(f"{stage}_forces", forces + spread * rng.normal(size=forces.shape))
    return node


def finetune_results(stage):
    def split(scale):
        return {
            "n_images": 4, "energy_mae": 30 * scale, "energy_rmse": 40 * scale, "force_mae": 200 * scale,
            "force_rmse": 300 * scale, "stress_mae": None, "stress_rmse": None, "magmom_mae": 0.1, "magmom_rmse": 0.2,
        }  # fmt: skip

    splits = ("train", "validation", "test", "unseen")
    metrics = {
        when: {name: split(scale) for name in splits}
        for when, scale in (("before", 1.0), ("after_best", 0.4), ("after_final", 0.45))
    }
    return orm.Dict(
        {"job": "finetune", "metrics": metrics, "versions": {"chgnet": "0.4.2"}, "best_epoch": 3}, label=stage
    )


def sfmsd_files(folder: Path, kind: str):
    """Train a real model on a table of random numbers and return its two files."""
    from aiida_hezsp.sfmsd import save_model, train
    from aiida_hezsp.sfmsd.training import TrainSettings

    model = train(training_table(), TrainSettings(kind=kind, search_iterations=1, cv=2))
    save_model(model, folder / f"{kind}.skops")
    return folder / f"{kind}.skops", folder / f"{kind}.json"


def training_table():
    rng = np.random.default_rng(5)
    rows = [
        {
            "label": label,
            "features": dict(zip(FEATURES, rng.random(len(FEATURES)).tolist(), strict=True)),
            "target": float(20 + 10 * index),
            "split": "test" if index > 5 else "train",
        }
        for index, label in enumerate(TARGETS)
    ]
    columns = [{"name": name, "unit": "1", "definition": f"the {name}"} for name in FEATURES]
    return {
        "feature_set": "multinary", "columns": columns, "target": {"name": "msd", "unit": "A^2"},
        "rows": rows, "left_out": {}, "label_engines": [STANDIN],
    }  # fmt: skip


def trajectory(label):
    rng = np.random.default_rng(len(label))
    times = np.arange(0.0, 301.0, 5.0)
    node = orm.ArrayData()
    node.set_array("times", times)
    node.set_array("msd", times * 0.01 * (1 + rng.random()))
    node.set_array("positions", np.zeros((len(times), 1, 3), dtype=np.float32))
    return node


def vasp(discovery, key, cell, *, previous=None, exit_status=0):
    """Store one VaspCalculation of aiida-vasp, as far as the trace sees it."""
    inputs = {"structure": cell, "parameters": orm.Dict({"incar": {"nsw": 3}})}
    if previous is not None:
        inputs["restart_folder"] = previous.outputs.remote_folder
    steps = orm.TrajectoryData()
    steps.set_trajectory(["Li", "O"], np.zeros((2, 2, 3)))
    outputs = {"trajectory": steps, "misc": orm.Dict({"version": "6.4.2"}), "structure": structure(key)}
    return calcjob("vasp.vasp", inputs, outputs, exit_status=exit_status, label=key)


def relaxation_dataset(discovery):
    datasets = {}
    for index, label in enumerate(TRAINING):
        first = vasp(discovery, label, structure(label), exit_status=702 if index == 0 else 0)
        runs = [first]
        if index == 0:  # ran out of steps and was continued from its last geometry
            runs.append(vasp(discovery, label, first.outputs.structure))
        if index == 1:  # lost its machine; a second run continued from its folder, and only that one is used
            discovery.interrupted_vasp.append(first)
            runs = [vasp(discovery, label, structure(label), previous=first)]
        discovery.vasp_relaxations += runs
        inputs = {"group": orm.Str(label), "rule": orm.Dict({"head": 2, "tail": 2, "seed": 1})}
        for number, run in enumerate(runs):
            inputs |= {f"{port}__r{number}": run.outputs[port] for port in ("trajectory", "retrieved", "misc")}
        inputs = {name.replace("trajectory__", "trajectories__"): node for name, node in inputs.items()}
        datasets[label] = ImageData(image_set(label, "r0"))
        calcfunction("relaxation_images", inputs, {"images": datasets[label]})
    return merge(datasets)


def merge(datasets):
    images, removed = merged(datasets), orm.Dict({"removed": []})
    inputs = {
        "rule": orm.Dict({"outlier_threshold": 0.5}),
        **{f"datasets__{key}": node for key, node in datasets.items()},
    }
    calcfunction("merge_images", inputs, {"images": images, "removed": removed})
    return images


def finetune(model, images, folder, name):
    final, best = ChgnetModelData(folder / "model.safetensors"), ChgnetModelData(folder / "model.safetensors")
    final.label_engines = best.label_engines = [STANDIN]
    outputs = {
        "results": finetune_results(name),
        "model": final,
        "best_model": best,
        "predictions": predictions_array(),
    }
    inputs = {"model": model, "images": images, "parameters": orm.Dict({"epochs": 6})}
    return calcjob("hezsp.finetune", inputs, outputs, label=name)


def relax(labels, cells, model):
    outputs = {f"structures__{label}": structure(label) for label in labels}
    outputs["results"] = orm.Dict({"results": {label: {"error": None} for label in labels}})
    inputs = {"model": model, **{f"structures__{label}": cells[label] for label in labels}}
    calcjob("hezsp.relax", inputs, outputs)
    return {label: outputs[f"structures__{label}"] for label in labels}


def md(labels, cells, model, *, restart=None, interrupted=False):
    outputs = {f"trajectories__{label}": trajectory(label) for label in labels}
    results = {label: {"msd": 20.0, "length_ps": 0.3, "error": None} for label in labels}
    described = {"label_engines": model.label_engines, "name": model.name, "sha256": model.sha256}
    outputs["results"] = orm.Dict({"results": results, "model": described, "versions": {"ase": "3.29"}})
    inputs = {"model": model, "parameters": orm.Dict({"temperature": 1000.0, "n_steps": 300, "timestep": 1.0})}
    inputs |= {f"structures__{label}": cells[label] for label in labels}
    if restart is not None:
        inputs["restart_folder"] = restart.outputs.remote_folder
    if interrupted:
        return calcjob("hezsp.md", inputs, {}, exit_status=120)
    return calcjob("hezsp.md", inputs, outputs)


def configurations(labels):
    cells = {label: structure(label) for label in labels}
    outputs = {f"structures__{label}": node for label, node in cells.items()}
    outputs["compositions"] = orm.Dict({label: {"formula": label} for label in labels})
    calcfunction("make_configurations", {"formulas": orm.List(list(labels)), "seed": orm.Int(1)}, outputs)
    return cells, outputs["compositions"]


def md_dataset(discovery, model):
    """800 K MD with the relaxation model, transition images, single points."""
    cells, _ = configurations(TRAINING[:2])
    relaxed = relax(TRAINING[:2], cells, model)
    run = md(TRAINING[:2], relaxed, model)
    discovery.transition_md.append(run)
    inputs, groups = {}, {}
    for label in TRAINING[:2]:
        frames = {f"structures__f{number}": structure(label) for number in (3, 7)}
        picking = {
            "structure": relaxed[label],
            "trajectory": run.outputs.trajectories[label],
            "rule": orm.Dict({"n": 2}),
        }
        calcfunction("transition_structures", picking, {**frames, "counts": orm.Dict({"n_frames": 9})})
        for frame, node in frames.items():
            key = f"{label}_{frame.rpartition('__')[2]}"
            single = vasp(discovery, key, node)
            discovery.vasp_single_points.append(single)
            groups[key] = label
            inputs |= {f"trajectories__{key}": single.outputs.trajectory, f"retrieved__{key}": single.outputs.retrieved}
    collected = ImageData(ImageSet.concatenate([image_set(group, key, 1) for key, group in groups.items()]))
    calcfunction("single_point_images", {"groups": orm.Dict(groups), **inputs}, {"images": collected})
    return merge({"b0": collected})


def features_of(labels, relaxed, compositions):
    rng = np.random.default_rng(9)
    rows = {label: dict(zip(FEATURES, rng.random(len(FEATURES)).tolist(), strict=True)) for label in labels}
    table = orm.Dict({"feature_set": "multinary", "rows": rows, "failed": {}})
    inputs = {"compositions": compositions, **{f"structures__{label}": relaxed[label] for label in labels}}
    calcfunction("features", inputs, {"result": table})
    return table


def train_sfmsd(discovery, relaxation_model, md_model, folder):
    cells, compositions = configurations(TARGETS)
    relaxed = relax(TARGETS, cells, relaxation_model)
    table = features_of(TARGETS, relaxed, compositions)
    stopped = md(TARGETS, relaxed, md_model, interrupted=True)
    run = md(TARGETS, relaxed, md_model, restart=stopped)
    discovery.md_runs += [stopped, run]
    joined = orm.Dict(training_table())
    calcfunction(
        "training_table",
        {"rule": orm.Dict({"seed": 1}), "features__b0": table, "results__b0": run.outputs.results},
        {"result": joined},
    )
    model = SfmsdModelData(*sfmsd_files(folder, "GB"))
    model.label_engines = [STANDIN]
    summaries = {kind: model.base.attributes.get("summary") for kind in ("GB", "RF")}
    results = orm.Dict(
        {
            "job": "sfmsd-train",
            "metrics": {kind: summary["metrics"] for kind, summary in summaries.items()},
            "importances": {kind: summary["importances"] for kind, summary in summaries.items()},
            "target_mean": 55.0,
            "target_std": 22.9,
            "versions": {"scikit-learn": "1.9.1"},
        }
    )
    discovery.nodes.training = calcjob(
        "hezsp.sfmsd_train", {"table": joined}, {"results": results, "models__GB": model}
    )
    discovery.nodes.sfmsd_model = model


def predict_all(discovery, relaxation_model):
    cells, compositions = configurations(SCREENED)
    relaxed = relax(SCREENED, cells, relaxation_model)
    table = features_of(SCREENED, relaxed, compositions)
    for label, msd in SCREENED.items():
        row = table["rows"][label]
        known = {
            "formula": label.replace("p", "."), "family": "lzsp", "label": label, "elements": ["Zr"], "n_elements": 5,
            "type": "5-1", "x_li": 3.0, "s_config": 1.602, "entropy_class": "high", "site_fractions": {},
            "msd": msd, "msd_low": msd - 20.0, "msd_high": msd + 20.0, "coverage": 0.9, "features": row,
            "feature_set": "multinary", "shap": dict.fromkeys(FEATURES, (msd - 55) / 4), "shap_base": 55.0,
            "outside_domain": ["a"], "model_kind": "GB", "label_engines": [STANDIN], "volume": 520.0, "n_atoms": 40,
        }  # fmt: skip
        inputs = {
            "label": orm.Str(label), "structure": relaxed[label], "compositions": compositions,
            "features": table, "model": discovery.nodes.sfmsd_model,
        }  # fmt: skip
        prediction = orm.Dict(known)
        calcfunction("predict", inputs, {"result": prediction})
        discovery.predictions[label] = prediction


def build_discovery(folder: Path) -> Discovery:
    """Store the whole graph in the loaded profile."""
    from aiida_hezsp.potential.model_file import load_model, save_model

    save_model(folder / "model.safetensors", load_model("0.3.0"), name="0.3.0")
    discovery = Discovery()
    nodes = discovery.nodes
    nodes.pretrained = ChgnetModelData(folder / "model.safetensors").store()
    nodes.first_finetune = finetune(nodes.pretrained, relaxation_dataset(discovery), folder, "relaxation finetune")
    relaxation_model = nodes.first_finetune.outputs.model
    nodes.second_finetune = finetune(relaxation_model, md_dataset(discovery, relaxation_model), folder, "md finetune")
    train_sfmsd(discovery, relaxation_model, nodes.second_finetune.outputs.model, folder)
    predict_all(discovery, relaxation_model)
    returned = {f"predictions__{label}": node for label, node in discovery.predictions.items()}
    nodes.discover = process(
        orm.WorkChainNode, "aiida.workflows:hezsp.discover", {}, returned, label="discover lzsp (demo)"
    )
    return discovery


_KEPT: dict[str, object] = {}


def fresh_discovery(profile, folder: Path) -> Discovery:
    """Return the graph in the emptied profile: built once a session, then imported from an archive."""
    from aiida.tools.archive import create_archive, import_archive

    profile.reset_storage()
    if not _KEPT:
        discovery = build_discovery(folder)
        uuids = uuids_of(discovery)
        nodes = [orm.load_node(pk) for (pk,) in orm.QueryBuilder().append(orm.Node, project="id").all()]
        create_archive(nodes, filename=folder / "discovery.aiida", compression=1)
        _KEPT.update(uuids=uuids, archive=folder / "discovery.aiida")
        return discovery
    import_archive(_KEPT["archive"])
    return discovery_of(_KEPT["uuids"])


_LISTS = ("vasp_relaxations", "vasp_single_points", "interrupted_vasp", "md_runs", "transition_md")


def uuids_of(discovery: Discovery) -> dict:
    """Return what `discovery_of` needs: nodes of a storage that was emptied cannot be asked any more."""
    kept = {name: [node.uuid for node in getattr(discovery, name)] for name in _LISTS}
    kept["predictions"] = {label: node.uuid for label, node in discovery.predictions.items()}
    kept["nodes"] = {name: node.uuid for name, node in vars(discovery.nodes).items()}
    return kept


def discovery_of(uuids: dict) -> Discovery:
    """Return the nodes as the loaded profile holds them."""
    lists = {name: [orm.load_node(uuid) for uuid in uuids[name]] for name in _LISTS}
    predictions = {label: orm.load_node(uuid) for label, uuid in uuids["predictions"].items()}
    nodes = SimpleNamespace(**{name: orm.load_node(uuid) for name, uuid in uuids["nodes"].items()})
    return Discovery(**lists, predictions=predictions, nodes=nodes)
