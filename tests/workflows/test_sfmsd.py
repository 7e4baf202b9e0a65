"""Stage two on tiny runs: a table of the first temperature's targets and real features, and models of it."""

import pytest
from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.chemistry import parse_formula
from aiida_hezsp.provenance.models import find_model, newest_model
from aiida_hezsp.sfmsd import extract_features
from aiida_hezsp.workflows.sfmsd import SfmsdWorkChain

FORMULAS = [f"Li{x}Zr0.5Hf0.5{a}0.5{b}0.5Si2PO12" for x, a, b in (
    ("3", "Al", "Nb"), ("3", "Ga", "Ta"), ("3.5", "Al", "Ti"), ("2.5", "Sn", "Nb"), ("3", "Sn", "Ti"),
)]  # fmt: skip


VARIANTS = [
    {"name": "quaternary", "feature_set": "quaternary", "datasets": ["formulas"], "splits": [
        {"by": "chance", "keep": 4, "rest": "test_quaternary"}]},
    {"name": "none", "feature_set": "multinary", "datasets": ["elsewhere"], "splits": []},
]  # fmt: skip


def run(codes, family, relaxes, model):
    chosen = [{"space": None, "n": None, "formulas": FORMULAS, "seed": 1}]
    builder = SfmsdWorkChain.get_builder_from_protocol(
        engine_code=codes["hezsp-engine"],
        protocol="demo",
        overrides={
            "jobs": {"workers": 1, "max_concurrent": 2},
            "relax": {"fmax": 5.0, "max_steps": 1},
            "md": {"temperatures": [900.0, 300.0], "n_steps": 10, "record_every": 1},
            "sfmsd": {
                "compositions": chosen,
                "test_fraction": 0.2,
                "training": {"models": ["RF", "SISSO"], "search_iterations": 1, "cv": 2},
                "variants": VARIANTS,
            },
        },
        family=orm.Dict(family.to_dict()),
        relaxation_model=relaxes,
        md_model=model,
    )
    return run_get_node(builder)


def test_the_table_joins_features_and_the_first_temperatures_targets(codes, family, pretrained):
    model = pretrained.clone()
    model.label_engines = ["standin emt"]
    relaxes = pretrained.clone()
    relaxes.label_engines = ["standin chgnet-r2scan"]
    outputs, node = run(codes, family, relaxes, model)
    assert node.is_finished_ok, node.exit_message
    table = outputs["table"].get_dict()
    compositions = {composition.label: composition for composition in (parse_formula(family, f) for f in FORMULAS)}
    assert {row["label"] for row in table["rows"]} == set(compositions)
    assert [row["split"] for row in table["rows"]].count("test") == 1
    assert table["left_out"] == {}
    done = {job.inputs.parameters["temperature"]: job for job in node.called_descendants
            if job.process_label == "MdCalculation"}  # fmt: skip
    assert set(done) == {900.0, 300.0}
    targets = done[900.0].outputs.results["results"]
    for row in table["rows"]:
        label = row["label"]
        assert row["target"] == targets[label]["msd"]
        relaxed = done[900.0].inputs.structures[label].get_pymatgen()
        expected = extract_features(relaxed, compositions[label], family)
        assert row["features"] == pytest.approx(expected, rel=1e-9)
        assert row["dataset"] == "formulas"
        assert row["target_error"] == targets[label]["msd_error"] > 0.0
    assert set(outputs["models"]) == {"RF", "SISSO"}
    for kind, model_node in outputs["models"].items():
        assert (model_node.kind, model_node.feature_set, model_node.variant) == (kind, "multinary", None)
        assert model_node.label_engines == table["label_engines"] == ["standin chgnet-r2scan", "standin emt"]
        assert outputs["metrics"]["metrics"][kind]["train"]["n"] == 4
    check_variants(outputs, targets)


def check_variants(outputs, targets):
    """A model of other features on the same targets; one that nothing is left for does not stop the others."""
    names = {"quaternary_table", "quaternary_metrics", "quaternary_RF", "quaternary_SISSO"}
    assert set(outputs["variants"]) == names
    table = outputs["variants"]["quaternary_table"].get_dict()
    assert (table["feature_set"], table["variant"], len(table["columns"])) == ("quaternary", "quaternary", 17)
    assert {row["label"]: row["target"] for row in table["rows"]} == {k: v["msd"] for k, v in targets.items()}
    errors = outputs["variants"]["quaternary_metrics"]["metrics"]["SISSO"]
    assert {split: found["n"] for split, found in errors.items()} == {"train": 4, "test_quaternary": 1}
    model = outputs["variants"]["quaternary_RF"]
    assert (model.variant, model.feature_set) == ("quaternary", "quaternary")
    assert newest_model("RF").uuid == find_model("RF").uuid == outputs["models"]["RF"].uuid
