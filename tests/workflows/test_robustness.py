"""Decorations of one composition, really relaxed for two steps: spread of energy, volume, and predictions by model."""

import statistics

import pytest
from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.chemistry import parse_formula
from aiida_hezsp.sfmsd import extract_features
from aiida_hezsp.workflows.robustness import RobustnessWorkChain

FORMULA = "Li2.5Zr0.5Ta0.5Hf0.5Ti0.5Si2PO12"


def test_energies_volumes_and_predictions_of_each_model(codes, family, pretrained, multinary_models):
    builder = RobustnessWorkChain.get_builder_from_protocol(
        engine_code=codes["hezsp-engine"],
        protocol="demo",
        overrides={
            "jobs": {"workers": 1, "batch_size": 2},
            "relax": {"fmax": 0.05, "max_steps": 2},
            "robustness": {"formula": FORMULA, "n": 3, "seed": 5},
        },
        family=orm.Dict(family.to_dict()),
        relaxation_model=pretrained,
        models=multinary_models,
    )
    outputs, node = run_get_node(builder)
    assert node.is_finished_ok, node.exit_message
    found = outputs["robustness"]
    composition = parse_formula(family, FORMULA)
    assert found["keys"] == [f"{composition.label}_s{seed}" for seed in (5, 6, 7)]
    assert found["failed"] == {}
    jobs = [job for job in node.called_descendants if job.process_label == "RelaxCalculation"]
    assert len(jobs) == 2  # batches of two
    relaxed = {key: structure for job in jobs for key, structure in job.outputs.structures.items()}
    assert found["volumes"] == pytest.approx([relaxed[key].get_cell_volume() for key in found["keys"]])
    rows = [extract_features(relaxed[key].get_pymatgen(), composition, family) for key in found["keys"]]
    for model in multinary_models.values():
        assert found["predictions"][model.kind] == pytest.approx(model.load().predict(rows))
    assert set(found["spread"]) == {"energy", "volume", "GB", "RF"}
    assert found["spread"]["energy"]["std"] == pytest.approx(statistics.stdev(found["energies"]))
    assert 0 < found["spread"]["energy"]["std"] < 0.2  # eV/atom, barely relaxed
    assert found["spread"]["volume"]["relative"] == pytest.approx(
        statistics.stdev(found["volumes"]) / statistics.fmean(found["volumes"])
    )


def test_without_a_model_it_is_refused(codes, family, pretrained):
    builder = RobustnessWorkChain.get_builder_from_protocol(
        engine_code=codes["hezsp-engine"],
        protocol="demo",
        family=orm.Dict(family.to_dict()),
        relaxation_model=pretrained,
    )
    with pytest.raises(ValueError, match="at least one model"):
        run_get_node(builder)


def test_two_models_of_one_kind_are_refused(multinary_models):
    validator = RobustnessWorkChain.spec().inputs["models"].validator
    assert validator(multinary_models, None) is None
    twice = {"first": multinary_models["GB"], "second": multinary_models["GB"].clone()}
    assert validator(twice, None) == "several models of one kind: GB; give one of each kind"
