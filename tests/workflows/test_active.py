"""MD in rounds: real relaxations and MD of few steps; each round runs what the choice says, and nothing twice."""

import pytest
from aiida import orm
from aiida.engine import run_get_node

from aiida_hezsp.workflows.active import ActiveWorkChain

pytestmark = pytest.mark.slow


def test_rounds_of_md_and_models_of_all_that_ran(codes, family, pretrained):
    chosen = [{"space": "quaternary", "n": 8, "formulas": None, "seed": 1}]
    builder = ActiveWorkChain.get_builder_from_protocol(
        engine_code=codes["hezsp-engine"],
        protocol="demo",
        overrides={
            "jobs": {"workers": 1},
            "relax": {"fmax": 0.05, "max_steps": 2},
            "md": {"n_steps": 20, "record_every": 2},
            "sfmsd": {
                "compositions": chosen,
                "test_fraction": 0.0,
                "training": {"models": ["GB"], "search_iterations": 1, "cv": 2},
            },
            "active": {"first": 3, "per_round": 2, "rounds": 1, "acquisition": "ucb"},
        },
        family=orm.Dict(family.to_dict()),
        relaxation_model=pretrained,
        md_model=pretrained,
    )
    outputs, node = run_get_node(builder)
    assert node.is_finished_ok, node.exit_message
    first, second = outputs["rounds"]["r0"], outputs["rounds"]["r1"]
    assert (first["acquisition"], len(first["labels"]), first["n_known"]) == ("random", 3, 0)
    assert (second["acquisition"], len(second["labels"]), second["n_known"]) == ("ucb", 2, 3)
    assert not set(first["labels"]) & set(second["labels"])
    assert len(second["predicted"]) == len(second["deviation"]) == 2
    targets = {row["label"]: row["target"] for row in outputs["table"]["rows"]}
    assert set(targets) == {*first["labels"], *second["labels"]}
    assert second["best_known"] == max(targets[label] for label in first["labels"])
    # What a round chose is what ran; the pool was relaxed once, in one batch.
    runs = [job for job in node.called_descendants if job.process_label == "MdCalculation"]
    assert sorted(sorted(job.inputs.structures) for job in runs) == sorted(
        [sorted(first["labels"]), sorted(second["labels"])]
    )
    assert [job.process_label for job in node.called_descendants].count("RelaxCalculation") == 1
    assert set(outputs["models"]) == {"GB"}
    assert outputs["models"]["GB"].creator.inputs.table.uuid == outputs["table"].uuid
