"""How a CHGNet is fine-tuned."""

from dataclasses import dataclass, field
from typing import Literal

__all__ = ("FinetuneSettings", "LossWeights", "SplitSettings")


@dataclass(frozen=True)
class LossWeights:
    """Weights of the parts of the loss: energy in eV/atom, forces in eV/A, stress in GPa, moments in mu_B."""

    energy: float = 1.0
    forces: float = 1.0
    stress: float = 0.1
    magmoms: float = 0.1


@dataclass(frozen=True)
class SplitSettings:
    """How images are divided: by image (as the paper does) or by composition, fractions that sum to 1."""

    by: Literal["image", "composition"] = "image"
    train: float = 0.6
    validation: float = 0.2
    test: float = 0.2


@dataclass(frozen=True)
class FinetuneSettings:
    """Settings of a fine-tuning; the defaults are the paper's for the relaxation dataset.

    `micro_batch` images are evaluated at a time (None: as many as have 160 atoms together) and their gradients
    accumulated to `batch_size`: it bounds the memory and does not change the result beyond rounding. `holdout`:
    compositions kept out of training entirely.
    """

    epochs: int = 500
    batch_size: int = 50
    micro_batch: int | None = None
    learning_rate: float = 1e-3
    optimizer: Literal["RAdam", "Adam", "AdamW"] = "RAdam"
    scheduler: Literal["cosine", "constant"] = "cosine"
    loss: Literal["MSE", "MAE", "Huber"] = "MSE"
    weights: LossWeights = field(default_factory=LossWeights)
    refit_atomref: bool = True
    split: SplitSettings = field(default_factory=SplitSettings)
    holdout: tuple[str, ...] = ()
    seed: int = 1
    restart_every: int = 1
