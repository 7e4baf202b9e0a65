"""Fine-tuning through AiiDA: models that learnt, marked by their labels, and restarts to the same end."""

import numpy as np
import pytest
from aiida.engine import run_get_node

from aiida_hezsp.data import ImageData
from aiida_hezsp.workflows.finetune import FinetuneWorkChain

TRAINING = {"epochs": 3, "batch_size": 2, "micro_batch": 2, "learning_rate": 1e-3}


@pytest.fixture(scope="module")
def image_set():
    """Ten images of LiF and MgO labelled by the r2SCAN CHGNet, whose energies are not the pretrained model's."""
    from ase import units
    from ase.build import bulk

    from aiida_hezsp.potential.calculator import FastCHGNetCalculator
    from aiida_hezsp.potential.images import ImageSet

    calculator, rng, sets = FastCHGNetCalculator("r2scan", threads=1), np.random.default_rng(0), []
    for name, edge, count in (("LiF", 4.05, 8), ("MgO", 4.22, 2)):
        frames, labels = [], []
        for _ in range(count):
            atoms = bulk(name, "rocksalt", a=edge)
            atoms.rattle(0.15, rng=rng)
            atoms.calc = calculator
            stress = atoms.get_stress(voigt=False) / units.GPa
            labels.append((atoms.get_potential_energy(), atoms.get_forces(), stress))
            frames.append(atoms)
        energies, forces, stresses = (np.array(part) for part in zip(*labels, strict=True))
        sets.append(
            ImageSet.from_frames(
                symbols=list(frames[0].symbols),
                cells=[atoms.cell.array for atoms in frames],
                positions=[atoms.positions for atoms in frames],
                energies=energies,
                forces=forces,
                stresses=stresses,
                group=name,
                source="r0",
                engine="standin chgnet-r2scan",
            )
        )
    return ImageSet.concatenate(sets)


def run(code, model, images, **inputs):
    builder = FinetuneWorkChain.get_builder_from_protocol(
        engine_code=code,
        protocol="demo",
        overrides={"potential": {"relaxation_finetune": TRAINING}},
        model=model,
        images=images,
        stage="relaxation",
        holdout=["MgO"],
        **inputs,
    )
    return run_get_node(builder)


def test_the_models_have_learnt_and_say_from_whom(codes, pretrained, image_set):
    outputs, node = run(codes["hezsp-engine"], pretrained, ImageData(image_set))
    assert node.is_finished_ok, node.exit_message
    results = outputs["results"].get_dict()
    metrics = results["metrics"]
    assert metrics["after_final"]["train"]["force_mae"] < metrics["before"]["train"]["force_mae"]
    # the compositions held out are the split "unseen", and only there
    assert metrics["before"]["unseen"]["n_images"] == 2
    assert sorted(results["split"]["unseen"]) == [8, 9]
    assert sum(len(indices) for indices in results["split"].values()) == 10
    for link in ("model", "best_model"):
        assert outputs[link].label_engines == ["standin chgnet-r2scan"]
        assert outputs[link].sha256 != pretrained.sha256
    assert outputs["model"].info["parent_sha256"] == pretrained.sha256
    assert pretrained.label_engines == []
    assert len(outputs["predictions"].get_array("reference_energies")) == 10


def test_a_killed_fine_tuning_is_continued_to_the_same_weights(engine_that_dies_once, pretrained, image_set, tmp_path):
    """The same end as an engine that runs through, given the very files of the killed job."""
    from aiida_hezsp.engine.main import main

    outputs, node = run(engine_that_dies_once("checkpoint/*.safetensors"), pretrained, ImageData(image_set))
    assert node.is_finished_ok, node.exit_message
    killed, last = sorted(node.called, key=lambda job: job.pk)
    assert (killed.exit_status, last.exit_status) == (310, 0)
    assert "restart_folder" in last.inputs
    killed.base.repository.copy_tree(tmp_path / "whole")
    assert main(["finetune", "--folder", str(tmp_path / "whole")]) == 0
    for link, file in (("model", "final"), ("best_model", "best")):
        assert outputs[link].get_content(mode="rb") == (tmp_path / "whole" / f"{file}.safetensors").read_bytes()


def test_wrong_settings_end_with_the_engines_line(codes, pretrained, image_set):
    builder = FinetuneWorkChain.get_builder_from_protocol(
        engine_code=codes["hezsp-engine"],
        protocol="demo",
        overrides={"potential": {"md_finetune": {"optimizer": "SGD9000"}}},
        model=pretrained,
        images=ImageData(image_set),
        stage="md",
    )
    _, node = run_get_node(builder)
    assert node.exit_status == 320
    assert "optimizer" in node.exit_message
    assert len(node.called) == 1
