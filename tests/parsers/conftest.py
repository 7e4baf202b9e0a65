"""Folders of real engine jobs on LiF, run once a session, and parsing without a database of processes.

`job` runs the engine in this process; `parse` makes the node that a finished CalcJob would be and parses it.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest


def lif_entry(edge=4.03):
    """Return primitive LiF with one atom off its place."""
    half = edge / 2
    cell = [[0.0, half, half], [half, 0.0, half], [half, half, 0.0]]
    return {"symbols": ["Li", "F"], "cell": cell, "positions": [[0.05, 0.0, 0.0], [half, half, half]]}


@pytest.fixture(scope="session")
def chgnet_file(tmp_path_factory):
    """A model file."""
    from aiida_hezsp.potential.model_file import load_model, save_model

    path = tmp_path_factory.mktemp("chgnet") / "model.safetensors"
    save_model(path, load_model("0.3.0"))
    return path


@pytest.fixture(scope="session")
def image_set():
    """Six images of LiF labelled by the r2SCAN CHGNet."""
    from ase import Atoms, units

    from aiida_hezsp.potential.calculator import FastCHGNetCalculator
    from aiida_hezsp.potential.images import ImageSet

    rng, calculator = np.random.default_rng(0), FastCHGNetCalculator("r2scan", threads=1)
    frames, labels = [], []
    for _ in range(6):
        entry = lif_entry()
        atoms = Atoms(entry["symbols"], positions=entry["positions"], cell=entry["cell"], pbc=True)
        atoms.positions += rng.normal(0, 0.1, (2, 3))
        atoms.calc = calculator
        stress = atoms.get_stress(voigt=False) / units.GPa
        labels.append((atoms.get_potential_energy(), atoms.get_forces(), stress))
        frames.append(atoms)
    energies, forces, stresses = (np.array(part) for part in zip(*labels, strict=True))
    return ImageSet.from_frames(
        symbols=["Li", "F"],
        cells=[atoms.cell.array for atoms in frames],
        positions=[atoms.positions for atoms in frames],
        energies=energies,
        forces=forces,
        stresses=stresses,
        group="LiF",
        source="r0",
        engine="standin chgnet-r2scan",
    )


@pytest.fixture(scope="session")
def table():
    """A table of features and targets with a planted law."""
    values = np.random.default_rng(4).random((24, 2)).tolist()
    rows = [
        {"label": f"r{n}", "features": {"x": x, "y": y}, "target": 20 + 100 * x, "split": "test" if n > 19 else "train"}
        for n, (x, y) in enumerate(values)
    ]
    columns = [{"name": name, "unit": "1", "definition": name} for name in ("x", "y")]
    target = {"name": "msd", "unit": "A^2"}
    engines = ["standin chgnet-r2scan"]
    return {"feature_set": "multinary", "columns": columns, "target": target, "rows": rows, "label_engines": engines}


INPUTS = {
    "relax": {"structures": "structures.json", "fmax": 0.1, "max_steps": 40},
    "md": {
        "structures": "structures.json",
        "n_steps": 20,
        "record_every": 2,
        "frames_every": 10,
        "temperature": 600.0,
    },
    "finetune": {"images": "images.npz", "epochs": 1, "batch_size": 2, "micro_batch": 2},
    "evaluate": {"images": "images.npz"},
    "sfmsd-train": {
        "table": "table.json",
        "models": ["GB", "RF", "SISSO"],
        "search_iterations": 1,
        "cv": 2,
        "sisso": {"dimension": [1], "complexity": [0]},
    },
}


@pytest.fixture(scope="session")
def job(tmp_path_factory, chgnet_file, image_set, table):
    """Run a job of the engine once; returns its folder."""
    from aiida_hezsp.engine.main import main
    from aiida_hezsp.potential.evaluation import set_threads

    set_threads(1)
    folders = {}
    few = {kind: {"fixed": {}, "search": {"n_estimators": {"integers": [10, 20]}}} for kind in ("GB", "RF")}

    def run(kind):
        if kind not in folders:
            folder = folders[kind] = tmp_path_factory.mktemp(kind)
            shutil.copy(chgnet_file, folder / "model.safetensors")
            image_set.save(folder / "images.npz")
            (folder / "table.json").write_text(json.dumps(table))
            (folder / "structures.json").write_text(json.dumps({"good": lif_entry(), "other": lif_entry(4.2)}))
            model = {} if kind == "sfmsd-train" else {"model": "model.safetensors"}
            (folder / "input.json").write_text(json.dumps({"job": kind, **model, **INPUTS[kind]}))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("aiida_hezsp.sfmsd.models._search_spaces", lambda: few)
                assert main([kind, "--folder", str(folder)]) == 0
        return folders[kind]

    return run


@pytest.fixture
def copy_of(job, tmp_path):
    """Return a copy of a job's folder that a test may damage."""
    return lambda kind: Path(shutil.copytree(job(kind), tmp_path / kind))


@pytest.fixture
def inputs_of(aiida_profile_clean, chgnet_file, image_set, table):
    """Return the input nodes that a job of this kind had."""
    from aiida import orm

    from aiida_hezsp.data import ChgnetModelData, ImageData

    def inputs(kind):
        if kind == "sfmsd-train":
            return {"table": orm.Dict(table)}
        model = ChgnetModelData(chgnet_file)
        model.label_engines = ["vasp 6.4.2"]
        images = {"images": ImageData(image_set)} if kind in {"finetune", "evaluate"} else {}
        return {"model": model, **images}

    return inputs


@pytest.fixture
def parse(inputs_of, localhost):
    """Parse a job's folder as AiiDA does; returns exit status, message and outputs."""
    from aiida import orm
    from aiida.common import LinkType
    from aiida.plugins import CalculationFactory, ParserFactory

    def parse(kind, folder, *, retrieved=("output.json", "hezsp-engine.log")):
        name = f"hezsp.{kind.replace('-', '_')}"
        node = orm.CalcJobNode(computer=localhost, process_type=f"aiida.calculations:{name}")
        node.set_option("resources", {"num_machines": 1})
        for label, source in inputs_of(kind).items():
            node.base.links.add_incoming(source.store(), LinkType.INPUT_CALC, label)
        node.store()
        files = orm.FolderData()
        for file in retrieved:
            if (folder / file).is_file():
                files.base.repository.put_object_from_file(str(folder / file), file)
        files.base.links.add_incoming(node, LinkType.CREATE, "retrieved")
        files.store()
        assert CalculationFactory(name)
        outputs, calcfunction = ParserFactory(name).parse_from_node(
            node, store_provenance=False, retrieved_temporary_folder=str(folder)
        )
        return calcfunction.exit_status, calcfunction.exit_message, outputs

    return parse
