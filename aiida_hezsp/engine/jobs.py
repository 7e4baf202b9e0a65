"""The kinds of jobs, and what happens around each of them."""

import time
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from aiida_hezsp.engine.files import read_json
from aiida_hezsp.engine.job_input import read_input
from aiida_hezsp.engine.versions import versions
from aiida_hezsp.errors import InputError

__all__ = ("JOBS", "run_job")


class Job(NamedTuple):
    """Where a job lives: a module with a pydantic input model and `run(inputs, folder) -> dict`."""

    module: str
    input_model: str


JOBS = {
    "evaluate": Job("evaluate", "EvaluateInput"),
    "finetune": Job("finetune", "FinetuneInput"),
    "md": Job("md", "MdInput"),
    "relax": Job("relax", "RelaxInput"),
    "sfmsd-train": Job("sfmsd_train", "SfmsdTrainInput"),
}


def run_job(name: str, folder: Path) -> dict[str, Any]:
    """Run a job in a folder and return what goes into `output.json`.

    Raises:
        HezspError: the input is wrong, or the whole job failed.
    """
    begin = time.perf_counter()
    content = read_json(folder / "input.json")
    if isinstance(content, dict) and content.get("job") != name:
        raise InputError(f"input.json: job is {content.get('job')!r}, where {name!r} is asked for")
    job = JOBS[name]
    module = import_module(f"aiida_hezsp.engine.{job.module}")
    inputs = read_input(getattr(module, job.input_model), content)
    common = {"job": name, "versions": versions(), "threads": inputs.threads, "workers": getattr(inputs, "workers", 1)}
    if hasattr(inputs, "seed"):
        common["seed"] = inputs.seed
    common |= module.run(inputs, folder)
    return common | {"wall_time_s": round(time.perf_counter() - begin, 3)}
