"""A program for a test to kill: screens three compositions, one a batch, in a profile of its own in the given folder.

    python screen_run.py FOLDER

A second run in the same folder goes on where the first one was killed: finished jobs come from the cache. Prints JSON.
"""

import json
import sys
from pathlib import Path

FORMULAS = ["Li3Zr0.5Hf0.5Al0.5Nb0.5Si2PO12", "Li3.5Zr0.5Hf0.5Al0.5Ge0.5Si2PO12", "Li2.5Zr0.5Ta0.5Hf0.5Ti0.5Si2PO12"]


def sfmsd_model(family, folder):
    """Return a model trained on numbers around those of real cells; the same in every run."""
    from aiida import orm
    from many_predictions import features_of, many_compositions, target_of

    from aiida_hezsp.data import SfmsdModelData
    from aiida_hezsp.sfmsd import feature_definitions, save_model, train
    from aiida_hezsp.sfmsd.training import TrainSettings

    known = orm.QueryBuilder().append(SfmsdModelData).first(flat=True)
    if known is not None:
        return known
    rows = [
        {"label": c.label, "features": features_of(c), "target": target_of(features_of(c)), "split": "train"}
        for c in many_compositions(family, 24)
    ]
    columns = feature_definitions(family, "multinary")
    table = {"feature_set": "multinary", "columns": columns, "target": {"name": "msd", "unit": "A^2"}, "rows": rows}
    save_model(train(table, TrainSettings(kind="GB", search_iterations=1, cv=2)), folder / "GB.skops")
    return SfmsdModelData(folder / "GB.skops", folder / "GB.json").store()


def main(folder):
    from aiida_hezsp.cli import environment

    environment.use_directory(folder)
    ready = folder / "ready"
    if ready.exists():
        environment.load_profile_or_fail("killed")
    else:
        environment.create_embedded_profile("killed")
    from aiida import orm
    from aiida.engine import run_get_node

    from aiida_hezsp.data import ChgnetModelData
    from aiida_hezsp.families import load_family
    from aiida_hezsp.workflows.screen import ScreenWorkChain

    codes = environment.ensure_codes(environment.ensure_computer())
    family = load_family("lzsp")
    model = sfmsd_model(family, folder)
    ready.touch()
    chosen = [{"space": None, "n": None, "formulas": FORMULAS, "seed": 1}]
    builder = ScreenWorkChain.get_builder_from_protocol(
        engine_code=codes["hezsp-engine"],
        protocol="demo",
        overrides={
            "jobs": {"workers": 1, "batch_size": 1, "max_concurrent": 1},
            "relax": {"fmax": 0.05, "max_steps": 2},
            "screen": {"compositions": chosen, "cell": "primitive"},
        },
        family=orm.Dict(family.to_dict()),
        relaxation_model=ChgnetModelData.bundled("0.3.0"),
        sfmsd_model=model,
    )
    outputs, node = run_get_node(builder)
    jobs = [job for job in node.called_descendants if isinstance(job, orm.CalcJobNode)]
    predictions = outputs["predictions"]
    sys.stdout.write(
        json.dumps(
            {
                "exit_status": node.exit_status,
                "jobs": len(jobs),
                "from_cache": sum(job.base.caching.is_created_from_cache for job in jobs),
                "failed": outputs["report"]["failed"],
                "msd": {label: found["msd"] for label, found in predictions.items()},
                "again": {
                    label: float(model.load().predict([found["features"]])[0]) for label, found in predictions.items()
                },
                # How many batches had been predicted, over all runs in this profile, and by which of the processes.
                "predicted": orm.QueryBuilder()
                .append(orm.CalcFunctionNode, filters={"attributes.process_label": "predict"})
                .count(),
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
