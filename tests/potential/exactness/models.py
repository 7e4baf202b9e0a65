"""The models on trial: the bundled ones, one that was really fine-tuned, one with every weight changed."""

import copy
from functools import cache

import numpy as np
import torch
from ase import units
from potential.exactness.cases import rattled, snapshot

from aiida_hezsp.potential import FinetuneSettings, ImageSet, finetune, load_model, make_evaluator
from aiida_hezsp.potential.finetune_settings import SplitSettings
from aiida_hezsp.potential.model_file import BUNDLED

__all__ = ("MODELS", "model")


@cache
def model(name):
    """Return a model by name."""
    return MADE[name]() if name in MADE else load_model(name)


def fine_tuned():
    """Return 0.3.0 after 6 epochs on ten LZSP images of 40 atoms with the labels of r2scan."""
    frames = [rattled(snapshot("primitive", i % 4), 0.05, seed=i) for i in range(10)]
    label = make_evaluator(load_model("r2scan"), "torch").evaluate
    labels = [label(a.numbers, a.positions, a.cell.array, forces=True, stress=True, magmoms=True) for a in frames]
    images = ImageSet.from_frames(
        symbols=list(frames[0].symbols),
        cells=[atoms.cell.array for atoms in frames],
        positions=[atoms.positions for atoms in frames],
        energies=[found.energy for found in labels],
        forces=[found.forces for found in labels],
        stresses=[np.asarray(found.stress) / units.GPa for found in labels],
        magmoms=[found.magmoms for found in labels],
        group="Li3Zr2Si2PO12",
        source="snapshots",
        engine="chgnet r2scan",
    )
    settings = FinetuneSettings(
        epochs=6, batch_size=2, optimizer="Adam", split=SplitSettings(train=0.8, validation=0.1, test=0.1)
    )
    result = finetune(load_model("0.3.0"), images, settings)
    before, after = (result.metrics[moment]["train"]["force_mae"] for moment in ("before", "after_final"))
    assert after < before, "the fine-tuning has taught the model nothing"
    return result.final


def perturbed():
    """Return r2scan with every weight changed by some 5 %, and all frequencies moved."""
    changed = copy.deepcopy(load_model("r2scan"))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in changed.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(parameter + 0.01 if "frequencies" in name else parameter * (1 + 0.05 * noise))
    return changed


MADE = {"fine-tuned": fine_tuned, "perturbed": perturbed}
MODELS = (*BUNDLED, *MADE)
