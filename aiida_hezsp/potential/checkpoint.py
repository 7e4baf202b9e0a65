"""Checkpoints of a fine-tuning: one safetensors file with weights, optimiser, random state and history."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiida_hezsp.errors import ModelFileError
from aiida_hezsp.potential.arrays import write_atomically
from aiida_hezsp.potential.safetensor_bytes import safetensor_bytes

if TYPE_CHECKING:
    from chgnet.model import CHGNet
    from torch import Tensor
    from torch.optim import Optimizer

__all__ = ("Progress", "read_checkpoint", "write_checkpoint")

FORMAT = "aiida-hezsp.finetune-checkpoint/1"


@dataclass
class Progress:
    """How far a fine-tuning has come.

    `epoch` epochs are done, `updates` steps of the optimiser; `history` holds one number per epoch and curve; `shift`
    is what was added to the composition reference (94 numbers, eV); `best` are the weights of the epoch of least
    `score`.
    """

    epoch: int = 0
    updates: int = 0
    best_epoch: int = 0
    score: float = float("inf")
    shift: list[float] = field(default_factory=list)
    history: dict[str, list[float | None]] = field(default_factory=dict)
    best: "dict[str, Tensor]" = field(default_factory=dict)


def write_checkpoint(path: Path, mark: str, model: "CHGNet", optimizer: "Optimizer", progress: Progress) -> None:
    """Write a checkpoint; a reader finds the one before or this one, never a part."""
    import torch

    tensors = {f"model.{key}": value for key, value in model.state_dict().items()}
    tensors |= {f"best.{key}": value for key, value in progress.best.items()}
    tensors["random"] = torch.get_rng_state()
    state = optimizer.state_dict()
    for index, entry in state["state"].items():
        tensors |= {f"optimizer.{index}.{key}": torch.as_tensor(value) for key, value in entry.items()}
    numbers = {key: value for key, value in vars(progress).items() if key != "best"}
    header = {"format": FORMAT, "mark": mark, "progress": json.dumps(numbers)}
    with write_atomically(path) as handle:
        handle.write(safetensor_bytes(tensors, header))


def read_checkpoint(path: Path, mark: str, model: "CHGNet", optimizer: "Optimizer") -> Progress:
    """Set model, optimiser and random state to a checkpoint and return how far it had come.

    Raises:
        ModelFileError: the file is damaged or belongs to another fine-tuning.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            header: Mapping[str, str] = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError) as error:
        raise ModelFileError(f"checkpoint {path} is damaged: {error}") from error
    if header.get("format") != FORMAT or header.get("mark") != mark:
        raise ModelFileError(f"checkpoint {path} belongs to another fine-tuning (model, images or settings differ)")
    try:
        model.load_state_dict(_part(tensors, "model."))
        optimizer.load_state_dict(_optimizer_state(optimizer, _part(tensors, "optimizer.")))
        torch.set_rng_state(tensors["random"])
        return Progress(**json.loads(header["progress"]), best=_part(tensors, "best."))
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ModelFileError(f"checkpoint {path} is damaged: {str(error).splitlines()[0]}") from error


def _part(tensors: "Mapping[str, Tensor]", prefix: str) -> "dict[str, Tensor]":
    """Return the tensors whose names begin with a prefix, without it."""
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _optimizer_state(optimizer: "Optimizer", tensors: "Mapping[str, Tensor]") -> dict[str, Any]:
    """Return the optimiser's state as torch wants it."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = value
    return {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
