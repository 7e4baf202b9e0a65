"""Parameters and metadata of engine jobs, from the settings of a protocol."""

from collections.abc import Mapping
from typing import Any

__all__ = ("engine_metadata", "finetune_parameters", "md_parameters", "relax_parameters")

Settings = Mapping[str, Any]
_NOT_OF_ONE_RUN = ("temperatures", "extrapolate_to")


def relax_parameters(settings: Settings) -> dict[str, Any]:
    """Return the parameters of `hezsp.relax`: one structure a process."""
    return {**settings["relax"], **_layout(settings), **_batches(settings)}


def md_parameters(settings: Settings, temperature: float, mobile: str) -> dict[str, Any]:
    """Return the parameters of `hezsp.md` at one temperature (K) with the given mobile element."""
    md = {name: value for name, value in settings["md"].items() if name not in _NOT_OF_ONE_RUN}
    return {**md, "temperature": temperature, "mobile": mobile, **_layout(settings), **_batches(settings)}


def finetune_parameters(settings: Settings, section: str, holdout: list[str]) -> dict[str, Any]:
    """Return the parameters of `hezsp.finetune`: one process with all threads.

    Args:
        settings: the settings.
        section: ``relaxation_finetune`` or ``md_finetune``.
        holdout: labels of the compositions kept out of training.
    """
    layout = _layout(settings)
    threads = layout["threads"] * layout["workers"]
    return {**settings["potential"][section], "holdout": holdout, "threads": threads}


def engine_metadata(settings: Settings, options: Settings | None, label: str) -> dict[str, Any]:
    """Return the metadata of an engine job: its label, and as many cores as it keeps busy."""
    merged = dict(options or {})
    layout = _layout(settings)
    resources = {
        "num_machines": 1,
        "num_mpiprocs_per_machine": 1,
        "num_cores_per_mpiproc": layout["threads"] * layout["workers"],
    }
    merged.setdefault("resources", resources)
    return {"label": label, "options": merged}


def _layout(settings: Settings) -> dict[str, int]:
    """Return threads and workers."""
    return {"threads": settings["jobs"]["threads"], "workers": settings["jobs"]["workers"]}


def _batches(settings: Settings) -> dict[str, Any]:
    """Return the device, and how many structures are evaluated together on it."""
    return {"device": settings["jobs"]["device"], "batch_size": settings["jobs"]["evaluated_together"]}
