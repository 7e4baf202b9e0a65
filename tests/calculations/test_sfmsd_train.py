"""SF-MSD training job: what is written and retrieved."""

import json

from aiida import orm

TABLE = {
    "feature_set": "multinary",
    "columns": [{"name": "x_li", "unit": "1", "definition": "mobile ions per formula unit"}],
    "target": {"name": "msd", "unit": "A^2"},
    "rows": [{"label": "a", "features": {"x_li": 3.0}, "target": 20.5, "split": "train"}],
    "left_out": {"b": "exploded"},
    "label_engines": ["standin emt"],
}


def test_job(prepare, check_job):
    parameters = {"models": ["GB", "SISSO"], "search_iterations": 2, "cv": 3, "seed": 1, "splits": [{"keep": 9}]}
    prepared = prepare("hezsp.sfmsd_train", table=orm.Dict(TABLE), parameters=parameters)
    check_job(*prepared)
    assert json.loads((prepared[1] / "table.json").read_text()) == TABLE
